"""What every ``Limits`` promises."""

from dalsegno_state.ports import Limits, Ports
from tests.builders import NOW
from tests.race import race

LATER = NOW + 60_000


def acquire(limits: Limits, task_id: str, *, limit: int = 2, now: int = NOW) -> bool:
    return limits.acquire_slot("charge", task_id, limit=limit, until=now + 60_000, now=now)


def start(limits: Limits, now: int, *, limit: int = 2) -> int | None:
    return limits.acquire_rate("charge", limit=limit, window_ms=1000, now=now)


def test_there_are_as_many_slots_as_the_limit(limits: Limits) -> None:
    assert acquire(limits, "a")
    assert acquire(limits, "b")
    assert not acquire(limits, "c")


def test_slot_that_is_held_is_granted_again(limits: Limits) -> None:
    for task_id in ("a", "b", "a"):
        assert acquire(limits, task_id)


def test_released_slot_is_free(limits: Limits) -> None:
    acquire(limits, "a")
    acquire(limits, "b")

    for _ in range(2):
        limits.release_slot("charge", "a")

    assert acquire(limits, "c")
    assert not acquire(limits, "d")


def test_slot_is_free_when_its_time_is_over(limits: Limits) -> None:
    acquire(limits, "a")
    acquire(limits, "b")

    assert not acquire(limits, "c", now=LATER - 1)
    assert acquire(limits, "c", now=LATER)


def test_slot_that_is_granted_again_is_held_for_longer(limits: Limits) -> None:
    acquire(limits, "a", limit=1)
    acquire(limits, "a", limit=1, now=NOW + 1)

    assert not acquire(limits, "b", limit=1, now=LATER)


def test_slots_of_another_name_are_apart(limits: Limits) -> None:
    acquire(limits, "a", limit=1)

    assert limits.acquire_slot("refund", "b", limit=1, until=LATER, now=NOW)


def test_lowered_limit_grants_nothing_until_enough_are_released(limits: Limits) -> None:
    for task_id in ("a", "b", "c"):
        acquire(limits, task_id, limit=3)

    limits.release_slot("charge", "a")
    assert not acquire(limits, "d", limit=2)
    assert acquire(limits, "b", limit=2)
    limits.release_slot("charge", "b")
    assert acquire(limits, "d", limit=2)


def test_racing_tasks_take_no_more_slots_than_there_are(limits: Limits) -> None:
    taken = race(8, lambda number: acquire(limits, f"t{number}", limit=3))

    assert sum(taken) == 3


def test_rate_is_granted_up_to_the_limit(limits: Limits) -> None:
    assert [start(limits, NOW), start(limits, NOW + 10)] == [None, None]

    assert start(limits, NOW + 20) == NOW + 1000


def test_window_slides(limits: Limits) -> None:
    for now in (NOW, NOW + 600):
        assert start(limits, now) is None

    assert start(limits, NOW + 999) == NOW + 1000
    assert start(limits, NOW + 1000) is None
    assert start(limits, NOW + 1001) == NOW + 1600


def test_refused_starts_are_not_counted(limits: Limits) -> None:
    start(limits, NOW, limit=1)
    for delay_ms in range(10):
        assert start(limits, NOW + delay_ms, limit=1) == NOW + 1000

    assert start(limits, NOW + 1000, limit=1) is None


def test_lowered_rate_says_when_trying_again_is_worthwhile(limits: Limits) -> None:
    for now in (NOW, NOW + 100, NOW + 200):
        start(limits, now, limit=3)

    assert start(limits, NOW + 300, limit=1) == NOW + 1200


def test_rates_of_another_name_are_apart(limits: Limits) -> None:
    start(limits, NOW, limit=1)

    assert limits.acquire_rate("refund", limit=1, window_ms=1000, now=NOW) is None


def test_racing_starts_are_granted_no_more_than_the_limit(limits: Limits) -> None:
    granted = race(8, lambda _: start(limits, NOW, limit=3))

    assert granted.count(None) == 3


def test_handles_share_slots_and_rates(ports: Ports, second_ports: Ports) -> None:
    assert acquire(ports.limits, "a", limit=1)
    assert not acquire(second_ports.limits, "b", limit=1)
    assert start(ports.limits, NOW, limit=1) is None
    assert start(second_ports.limits, NOW, limit=1) == NOW + 1000
