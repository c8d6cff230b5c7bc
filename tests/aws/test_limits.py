"""What the DynamoDB limits promise beyond the contract."""

from hypothesis import given
from hypothesis import strategies as st

from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.rate_window import RateWindow
from tests.builders import NOW

WINDOW_MS = 1000


@given(
    st.integers(1, 200), st.lists(st.integers(0, 40), min_size=1, max_size=400)
)  # pauses between attempts
def test_no_window_ever_holds_more_starts_than_the_limit(limit: int, pauses: list[int]) -> None:
    now, window = NOW, RateWindow()
    granted: list[int] = []
    for pause in pauses:
        now += pause
        window = RateWindow.parse(window.since(now - WINDOW_MS).dump())
        if window.blocking(limit) is None:
            window = window.with_start(now, WINDOW_MS)
            granted.append(now)

    for number, start in enumerate(granted):
        assert sum(start <= other < start + WINDOW_MS for other in granted[number:]) <= limit


def test_busy_stream_gets_nearly_all_starts_that_the_limit_allows() -> None:
    window, granted = RateWindow(), 0
    for now in range(NOW, NOW + 10 * WINDOW_MS):
        window = window.since(now - WINDOW_MS)
        if window.blocking(500) is None:
            window = window.with_start(now, WINDOW_MS)
            granted += 1

    assert 9 * 500 <= granted <= 10 * 500
    assert len(window.starts) <= 2 * 64 + 1


def test_many_slots_are_spread_over_items(ports: AwsPorts) -> None:
    def acquire(number: int) -> bool:
        return ports.limits.acquire_slot(
            "charge", f"t{number}", limit=90, until=NOW + 1000, now=NOW
        )

    assert sum(acquire(number) for number in range(100)) == 90

    ports.limits.release_slot("charge", "t0")
    assert acquire(200)
    assert not acquire(201)


def test_slots_whose_lease_is_over_are_cleared(ports: AwsPorts) -> None:
    for number in range(40):
        ports.limits.acquire_slot("charge", f"t{number}", limit=40, until=NOW + 1, now=NOW)

    assert all(
        ports.limits.acquire_slot("charge", f"u{number}", limit=40, until=NOW + 99, now=NOW + 1)
        for number in range(40)
    )
    assert not ports.limits.acquire_slot("charge", "v", limit=40, until=NOW + 99, now=NOW + 2)
