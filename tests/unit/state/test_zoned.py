"""Where clocks are put on and back; and everywhere else, what a look at every second finds."""

import calendar
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from dalsegno_state.cron import parse
from dalsegno_state.zoned import UnknownZoneError, next_after, zone_of

MADRID = "Europe/Madrid"
# No such day ever comes.
NEVER = {
    *((day, week) for day in ("LW", "15W") for week in ("SAT", "SUN#1", "SUN#5", "SUNL")),
    *((day, "SUN#1") for day in ("L", "28,29,30", "25,26")),
    *((day, "SUN#5") for day in ("25,26",)),
}


def moments(expression: str, zone: str, start: str, count: int) -> list[str]:
    at = round(datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)
    found = []
    for _ in range(count):
        following = next_after(parse(expression), zone_of(zone), at)
        assert following is not None
        at = following
        found.append(datetime.fromtimestamp(at / 1000, ZoneInfo(zone)).isoformat())
    return found


def test_time_that_clocks_skip_is_run_when_they_jump() -> None:
    assert moments("0 30 2 * * *", MADRID, "2026-03-28T12:00", 2) == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_several_times_that_clocks_skip_are_run_once() -> None:
    assert moments("0 */20 2,3 * * *", MADRID, "2026-03-29T01:00", 3) == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-29T03:20:00+02:00",
        "2026-03-29T03:40:00+02:00",
    ]


def test_time_that_comes_twice_is_run_when_it_comes_first() -> None:
    assert moments("0 30 2 * * *", MADRID, "2026-10-24T12:00", 2) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_hourly_schedule_runs_every_hour_that_passes() -> None:
    assert moments("0 30 * * * *", MADRID, "2026-10-25T01:45", 3) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:30:00+01:00",
        "2026-10-25T03:30:00+01:00",
    ]
    assert moments("0 30 * * * *", MADRID, "2026-03-29T01:00", 2) == [
        "2026-03-29T01:30:00+01:00",
        "2026-03-29T03:30:00+02:00",
    ]


def test_clocks_put_back_over_midnight_do_not_hold_a_schedule_up() -> None:
    assert moments("0 * * 29 10 *", "America/St_Johns", "2006-10-28T12:00", 3) == [
        "2006-10-29T00:00:00-02:30",
        "2006-10-29T00:00:00-03:30",
        "2006-10-29T00:01:00-03:30",
    ]


def test_a_day_that_was_never_there_is_run_as_the_next_begins() -> None:
    assert moments("0 0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00", 1) == [
        "2011-12-31T00:00:00+14:00"
    ]


@pytest.mark.parametrize(
    "name", ["", "Nowhere/City", "America", "../etc/passwd", "/etc/passwd", "\0"]
)
def test_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZoneError, match="no time zone"):
        zone_of(name)


def test_no_time_comes_after_the_end_of_time() -> None:
    assert next_after(parse("@daily"), UTC, 2**63 - 1) is None


@st.composite
def fields(draw: st.DrawFn, low: int, high: int) -> tuple[str, set[int]]:
    """Draw a field, and the numbers it means, told in another way than the parser reads it."""
    kind = draw(st.sampled_from(["all", "all", "list", "range", "step"]))
    first = draw(st.integers(low, high))
    match kind:
        case "all":
            return "*", set(range(low, high + 1))
        case "list":
            some = draw(st.sets(st.integers(low, high), min_size=1, max_size=4))
            return ",".join(map(str, some)), some
        case "range":
            last = draw(st.integers(first, high))
            return f"{first}-{last}", {n for n in range(60) if first <= n <= last}
        case _:
            every = draw(st.integers(1, 20))
            means = {n for n in range(first, high + 1) if (n - first) % every == 0}
            return f"{first}/{every}", means


def is_day(day: datetime, rule: str) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    match rule:
        case "*" | "?":
            return True
        case "L":
            return day.day == last
        case "LW":
            workdays = [n for n in range(1, last + 1) if day.replace(day=n).weekday() < 5]
            return day.day == max(workdays)
        case "15W":
            workdays = [n for n in range(1, last + 1) if day.replace(day=n).weekday() < 5]
            return day.day == min(workdays, key=lambda n: abs(n - 15))
        case _:
            return str(day.day) in rule.split(",")


def is_weekday(day: datetime, rule: str) -> bool:
    match rule:
        case "*" | "?":
            return True
        case "SUN#1" | "SUN#5":
            return day.weekday() == 6 and (day.day - 1) // 7 == int(rule[-1]) - 1
        case "SUNL":
            return day.weekday() == 6 and (day + timedelta(days=7)).month != day.month
        case _:
            return calendar.day_abbr[day.weekday()].upper() in rule.split(",")


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
@given(
    second=fields(0, 59),
    minute=fields(0, 59),
    hour=fields(0, 23),
    day=st.sampled_from(["*", "?", "L", "LW", "15W", "28,29,30", "25,26", "1,31"]),
    weekday=st.sampled_from(["*", "?", "SUN,MON", "SAT", "SUN#1", "SUN#5", "SUNL"]),
    zone=st.sampled_from(
        ["UTC", MADRID, "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Asia/Tokyo"]
    ),
    start=st.sampled_from(
        [
            "2026-03-28T22:30",
            "2026-10-24T22:30",
            "2026-03-08T04:30",
            "2026-11-01T03:30",
            "2026-04-04T12:30",
            "2026-10-03T12:30",
            "2006-10-29T00:30",
            "2026-12-31T21:30",
        ]
    ),
)
def test_no_time_is_left_out_and_none_is_added(
    second: tuple[str, set[int]],
    minute: tuple[str, set[int]],
    hour: tuple[str, set[int]],
    day: str,
    weekday: str,
    zone: str,
    start: str,
) -> None:
    expression = f"{second[0]} {minute[0]} {hour[0]} {day} * {weekday}"
    begin = round(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    end = begin + 4 * 3600  # the change of the offset is 2.5 hours away
    assume((day, weekday) not in NEVER)

    def means(local: datetime) -> bool:
        return (
            local.second in second[1]
            and local.minute in minute[1]
            and local.hour in hour[1]
            and is_day(local, day)
            and is_weekday(local, weekday)
        )

    expected = looked_up(means, ZoneInfo(zone), begin, end, hourly=len(hour[1]) == 24)

    found, at = [], begin * 1000
    for _ in range(200):
        following = next_after(parse(expression), zone_of(zone), at)
        if following is None or following > end * 1000:
            break
        at = following
        found.append(at // 1000)
    assert found == expected[:200]


def looked_up(means, zone: tzinfo, begin: int, end: int, *, hourly: bool) -> list[int]:  # type: ignore[no-untyped-def]
    """Return what a look at every second from ``begin`` to ``end`` finds."""
    found = []
    previous = datetime.fromtimestamp(begin, zone)
    for at in range(begin + 1, end + 1):
        local = datetime.fromtimestamp(at, zone)
        naive, before = local.replace(tzinfo=None, fold=0), previous.replace(tzinfo=None, fold=0)
        skipped = [
            before + timedelta(seconds=n)
            for n in range(1, max(int((naive - before).total_seconds()), 1))
        ]
        if hourly:
            is_meant = means(naive)
        else:
            is_meant = (local.fold == 0 and means(naive)) or any(map(means, skipped))
        if is_meant:
            found.append(at)
        previous = local
    return found
