"""A world in which nothing comes in order, much comes twice, and some of it never."""

from contextlib import suppress
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

from dalsegno.errors import NotFoundError
from dalsegno.models import Task, TaskResultStatus
from dalsegno_state.engine import EVALUATOR_QUEUE
from tests.crash.ports import Calls, Side
from tests.crash.world import Result, Scenario, World

_VISIBILITY_SECONDS = 30
_LATE = Result(TaskResultStatus.FAILED, {"late": True}, "this comes too late")


@dataclass(frozen=True)
class Schedule:
    """What goes wrong, and how badly.

    Attributes:
        seed: Of every choice that is left.
        crashes: When to die, in thousandths of the calls of a calm run, and on which side.
        repeats: Whether whoever got no answer tries again.
        chaos: The share of messages that are repeated, put off or (fewer) lost.
        interruptions: The share of calls before which another process does something.
    """

    seed: int
    crashes: dict[int, Side]
    repeats: bool
    chaos: float
    interruptions: float


def schedules() -> st.SearchStrategy[Schedule]:
    """Return schedules from almost calm to wild."""
    return st.builds(
        Schedule,
        seed=st.integers(0, 2**32),
        crashes=st.dictionaries(st.integers(0, 1100), st.sampled_from(Side), max_size=4),
        repeats=st.booleans(),
        chaos=st.sampled_from([0.0, 0.1, 0.4]),
        interruptions=st.sampled_from([0.0, 0.0, 0.03, 0.15]),
    )


class WildWorld(World):
    """Delivers messages in any order, some twice, late or never; workers report when they like."""

    def __init__(self, scenario: Scenario, schedule: Schedule, calm_calls: int) -> None:
        crashes = {share * calm_calls // 1000: side for share, side in schedule.crashes.items()}
        super().__init__(scenario, Calls(crashes=crashes), repeats=schedule.repeats)
        self._schedule = schedule
        self._random = Random(schedule.seed)
        self._to_report: list[Task] = []
        self._told: set[str] = set()
        self._losses_left = 4
        self._leaps_left = 10
        if schedule.interruptions:
            self.calls.interrupt = self._interrupt

    def turn(self) -> bool:
        """Do one of the things that can be done now; return whether there was one."""
        queues = self._ready_queues()
        choices = [*queues, *(["report"] if self._to_report else [])]
        if self.is_wake_due():
            choices.append("sweep")
        if not choices:
            return False
        self._leap()
        choice = self._random.choice(choices)
        if choice == "sweep":
            self._sweep()
        elif choice == "report":
            self._report_one()
        elif not self._spoil(choice):
            self._serve(choice)
        return True

    def _take(self, task: Task) -> None:
        self._to_report.append(task)

    def _update(self, task: Task, result: Result) -> None:
        """Report; the task may have been cleared away by ``keepLastN`` meanwhile."""
        with suppress(NotFoundError):
            super()._update(task, result)

    def _report_one(self) -> None:
        """Report one of the attempts in hand, perhaps twice, perhaps once more much later."""
        task = self._to_report.pop(self._random.randrange(len(self._to_report)))
        if task.task_id in self._told:
            self._update(task, _LATE)
            return
        self._told.add(task.task_id)
        self._report(task)
        if self._happens():
            self._to_report.append(task)

    def _spoil(self, queue: str) -> bool:
        """Perhaps lose, put off or repeat a message of a queue; return whether that was all."""
        if not self._happens():
            return False
        received = self.stored.queues.receive(
            queue, count=1, wait_seconds=0, visibility_seconds=_VISIBILITY_SECONDS
        )
        fate = self._random.choice(["lost", "put off", "repeated"])
        for message in received:
            if fate == "lost" and self._losses_left:
                self._losses_left -= 1
                self.stored.queues.delete(queue, [message.receipt])
            elif fate == "repeated" and queue == EVALUATOR_QUEUE:
                body = message.body
                self._outlive("Evaluator", lambda body=body: self.engine.evaluate(body))  # type: ignore[misc]
        return True

    def _leap(self) -> None:
        """Perhaps let a minute pass while there is still something to do."""
        if self._leaps_left and self._random.random() < self._schedule.chaos / 10:
            self._leaps_left -= 1
            self.clock.advance(self._random.choice([1, 31, 61]))

    def _interrupt(self) -> None:
        if self._random.random() < self._schedule.interruptions:
            self.turn()

    def _happens(self) -> bool:
        return self._random.random() < self._schedule.chaos
