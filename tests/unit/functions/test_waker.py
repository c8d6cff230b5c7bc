"""Due workflows and the threads that wake them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic

from dalsegno_functions.local.waker import SLOW_SECONDS, Waker
from dalsegno_state.ports import Due
from tests.eventually import eventually

START_SECONDS = 1_000.0


@dataclass
class DueWorkflows:
    """As much of an engine as a waker uses: what is due, and how waking it goes."""

    due_at: dict[str, float]
    stuck: set[str] = field(default_factory=set)
    woken: list[str] = field(default_factory=list)
    freed: Event = field(default_factory=Event)

    def due(self, count: int) -> Sequence[Due]:
        """See ``Engine.due``."""
        listed = sorted(self.due_at.items(), key=lambda item: item[1])
        return [Due(workflow_id=key, wake_at=int(at * 1000)) for key, at in listed][:count]

    def wake(self, workflow_id: str) -> None:
        """See ``Engine.wake``; the wake of a stuck one takes until the test frees it."""
        if workflow_id in self.stuck:
            self.freed.wait(20)
        self.due_at.pop(workflow_id, None)
        self.woken.append(workflow_id)


@contextmanager
def threads(waker: Waker, quick: int) -> Iterator[None]:
    """Run a waker's threads."""
    over = Event()

    def repeat(turn: str) -> None:
        while not over.is_set():
            getattr(waker, turn)()

    running = [Thread(target=repeat, args=("wake_quick",), daemon=True) for _ in range(quick)]
    running.append(Thread(target=repeat, args=("wake_slow",), daemon=True))
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join()


def a_waker(engine: DueWorkflows, now: list[float]) -> Waker:
    return Waker(engine, wall_seconds=lambda: now[0])  # type: ignore[arg-type]


def test_workflow_whose_wake_does_not_end_keeps_no_other_waiting() -> None:
    engine = DueWorkflows({"stuck": 2_000, "healthy": 2_001}, stuck={"stuck"})
    waker = a_waker(engine, [START_SECONDS])

    with threads(waker, quick=2):
        waker.sweep()
        eventually(lambda: engine.woken == ["healthy"], bool)
        engine.due_at["late"] = 2_002
        waker.sweep()
        eventually(lambda: engine.woken == ["healthy", "late"], bool)
        engine.freed.set()
        eventually(lambda: "stuck" in engine.woken, bool)


def test_workflow_is_in_the_hands_of_one_thread_at_a_time() -> None:
    engine = DueWorkflows({"stuck": 2_000}, stuck={"stuck"})
    waker = a_waker(engine, [START_SECONDS])

    with threads(waker, quick=2):
        for _ in range(5):
            waker.sweep()
        engine.freed.set()
        eventually(lambda: engine.woken == ["stuck"], bool)

    assert engine.woken == ["stuck"]


def test_workflow_that_took_long_is_woken_beside_the_others_next_time() -> None:
    engine = DueWorkflows({"stuck": 2_000}, stuck={"stuck"})
    waker = a_waker(engine, [START_SECONDS])
    with threads(waker, quick=1):
        waker.sweep()
        began = monotonic()
        eventually(lambda: monotonic() - began > SLOW_SECONDS, bool)
        engine.freed.set()
        eventually(lambda: engine.woken == ["stuck"], bool)
        engine.freed.clear()
        engine.due_at.update(stuck=2_100, healthy=2_101)
        waker.sweep()
        eventually(lambda: engine.woken == ["stuck", "healthy"], bool)
        engine.freed.set()


def test_what_was_due_before_the_start_waits_for_repeated_reports() -> None:
    engine, now = DueWorkflows({"before": 999.5, "after": 1_000.5}), [START_SECONDS]
    waker = a_waker(engine, now)

    with threads(waker, quick=1):
        now[0] = 1_001.0
        waker.sweep()
        eventually(lambda: engine.woken == ["after"], bool)
        now[0] = 1_005.5
        waker.sweep()
        eventually(lambda: engine.woken == ["after", "before"], bool)
