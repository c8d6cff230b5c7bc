"""How the times of a WAIT task are read."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno_state.tasks.wait import parse_duration, parse_until

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


def millis(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type, misc]  # year to minute


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10 seconds", 10 * SECOND),
        ("1s", SECOND),
        ("5m", 5 * MINUTE),
        ("2 HRS 3 mins", 2 * HOUR + 3 * MINUTE),
        ("1d2h3m4s", DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND),
        ("  1 day   1 sec ", DAY + SECOND),
        ("0 seconds", 0),
        ("100 days", 100 * DAY),
    ],
)
def test_duration_is_the_sum_of_its_units(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "  ", "soon", "5", "1s 1m", "-1 s", "1.5 hours", "1 week", "\u0661 s", f"{2**63} days"],
)
def test_other_text_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.tuples(*[st.integers(0, 10**6)] * 4))
def test_all_units_together_are_read_back(counts: tuple[int, int, int, int]) -> None:
    days, hours, minutes, seconds = counts

    parsed = parse_duration(f"{days} days {hours} hours {minutes} minutes {seconds} seconds")

    assert parsed == days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND


def test_date_means_midnight_utc() -> None:
    assert parse_until("2030-02-01") == millis(2030, 2, 1)


def test_time_without_a_zone_is_utc() -> None:
    assert parse_until("2030-02-01 06:30") == millis(2030, 2, 1, 6, 30)


@pytest.mark.parametrize(
    ("zone", "utc_hour"),
    [
        ("UTC", 12),
        ("Z", 12),
        ("GMT", 12),
        ("GMT+02:00", 10),
        ("+0200", 10),
        ("-05:00", 17),
        ("PST", 20),
        ("EDT", 16),
        ("Europe/Paris", 10),
        ("America/New_York", 16),
    ],
)
def test_zone_shifts_the_time(zone: str, utc_hour: int) -> None:
    assert parse_until(f"2030-07-01 12:00 {zone}") == millis(2030, 7, 1, utc_hour)


def test_named_place_follows_its_seasons() -> None:
    winter, summer = parse_until("2030-01-01 12:00 Europe/Paris"), millis(2030, 1, 1, 11)

    assert winter == summer


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2030-13-01",
        "2030-02-30",
        "2030-02-01T06:30",
        "2030-02-01 06:30:00",
        "2030-02-01 25:00",
        "2030-02-01 06:30 Nowhere/Land",
        "2030-02-01 06:30 America",
        "2030-02-01 06:30 ../../etc/passwd",
        "2030-02-01 06:30 +99:00",
    ],
)
def test_other_text_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_until(text)


@pytest.mark.parametrize("text", [" " * 99 + "x", " " * 400_000 + "x", "1" * 101, "1d" * 60])
def test_long_text_is_no_time_and_refused_at_once(text: str) -> None:
    began = time.process_time()

    for parse in (parse_duration, parse_until):
        with pytest.raises(ValueError, match=r"not a duration|longer than|does not match"):
            parse(text)

    assert time.process_time() - began < 1
