"""An installation in memory: its queues, its workers, its sweeper, and time that is moved on."""

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Final, TypeVar

from dalsegno.errors import ConductorError
from dalsegno.models import EpochMillis, StartWorkflowRequest, Task, TaskStatus, Workflow
from dalsegno.testing.clock import ManualClock
from dalsegno.testing.disturbances import DeathError, Fate, fateful_ports
from dalsegno.testing.errors import EndlessRunError
from dalsegno.testing.memory import Memory, engine_on
from dalsegno.testing.outside import Outside
from dalsegno.testing.prospects import Prospects
from dalsegno_state.engine import EVALUATOR_QUEUE, EVENTS_QUEUE, SYSTEM_QUEUES, Engine
from dalsegno_state.ports import Received

T = TypeVar("T")

# The same in each run, and so are the ids of its tasks.
ROOT_ID: Final = "019b76da-a800-7000-8000-000000000000"
# What is not deleted by then is delivered again.
_VISIBILITY_SECONDS: Final = 30
MOST_STEPS: Final = 5_000

DoTask = Callable[[Task], None]


class Simulation:
    """One engine with all that goes on around it, one thing after another.

    Args:
        clock: Moved on by ``finish`` and the like.
        outside: What system tasks reach.
        fate: What goes wrong, if anything may.
        most_steps: After how many steps a run counts as endless.
    """

    def __init__(
        self,
        clock: ManualClock,
        outside: Outside,
        fate: Fate | None = None,
        *,
        most_steps: int = MOST_STEPS,
    ) -> None:
        self.clock = clock
        self.outside = outside
        self.memory = Memory(clock)
        self.fate = fate or Fate()
        self._prospects = Prospects(self.memory.ports)
        self._ports = self.memory.ports
        if fate is not None:
            self._ports = fateful_ports(self.memory.ports, fate)
        self.engine = self._new_process()
        self._agenda: list[tuple[EpochMillis, int, Callable[[], object]]] = []
        self._order = count()
        self._steps = 0
        self._most_steps = most_steps
        self.do_work: DoTask = lambda task: None
        self.do_system_task: DoTask = lambda task: None
        self.see_to_waiting: Callable[[], bool] = lambda: False

    # -- what clients do ---------------------------------------------------------------------

    def start(self, request: StartWorkflowRequest) -> str:
        """Start the workflow that all is about; return its id."""
        return self.insist(lambda: self.engine.executions.start(request, workflow_id=ROOT_ID))

    def insist(self, request: Callable[[], T]) -> T:
        """Return what a client's request returns; whoever gets no answer asks again."""
        while True:
            try:
                return request()
            except DeathError:
                self.engine = self._new_process()

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        """Have something done in a while."""
        at = self.clock.now() + round(seconds * 1000)
        heappush(self._agenda, (at, next(self._order), act))

    # -- time --------------------------------------------------------------------------------

    def go_on(
        self, *, until: Callable[[], bool] = lambda: False, limit: EpochMillis | None = None
    ) -> None:
        """Do what is to be done, and let time pass, until nothing can happen any more.

        Args:
            until: Looked at before each thing; ends it early.
            limit: Ends it early too: nothing is done that is due later.
        """
        while not until():
            self._count_step()
            if self._step():
                continue
            at = self._next_at()
            if at is None or (limit is not None and at > limit):
                break
            self.clock.advance_to(max(at, self.clock.now() + 1))
        if limit is not None and not until():
            self.clock.advance_to(limit)

    def _step(self) -> bool:
        """Do one thing that can be done now; return whether there was one."""
        if self._agenda and self._agenda[0][0] <= self.clock.now():
            heappop(self._agenda)[2]()
            return True
        ready = self.memory.ready_queues()
        if ready:
            self._serve(min(ready, key=_by_importance))
            return True
        wake_at = self.memory.next_wake_at()
        if wake_at is not None and wake_at <= self.clock.now():
            self._outlive(self.engine.sweep)
            return True
        return self.see_to_waiting()

    def _next_at(self) -> EpochMillis | None:
        """Return the next moment at which anything can happen, or None."""
        due = [self.memory.next_message_at(), self._agenda[0][0] if self._agenda else None]
        times = [at for at in due if at is not None]
        wake_at = self.memory.next_wake_at()
        if wake_at is None:
            return min(times, default=None)
        if times or self._prospects.has_any(patient=not self.fate.is_calm):
            return min([*times, wake_at])
        return None

    def _count_step(self) -> None:
        self._steps += 1
        if self._steps > self._most_steps:
            raise EndlessRunError(
                f"after {self._most_steps} steps the workflow still goes on: does a loop or a poll "
                "never meet its condition? If it does, give the test more most_steps"
            )

    # -- queues ------------------------------------------------------------------------------

    def _serve(self, queue: str) -> None:
        if queue == EVALUATOR_QUEUE:
            self._consume(queue, lambda body: self.engine.evaluate(body))
        elif queue == EVENTS_QUEUE:
            self._consume(queue, self.outside.publish_internally)
        elif queue in SYSTEM_QUEUES:
            self._consume(queue, self._do_system_task)
        else:
            self._work(queue)

    def _consume(self, queue: str, take_in: Callable[[str], object]) -> None:
        """Take one message in, then delete it."""

        def consume() -> None:
            received: list[Received] = self._ports.queues.receive(
                queue, count=1, wait_seconds=0, visibility_seconds=_VISIBILITY_SECONDS
            )
            for message in received:
                take_in(message.body)
                self._ports.queues.delete(queue, [message.receipt])

        self._outlive(consume)

    def _do_system_task(self, task_id: str) -> None:
        self.do_system_task(self.engine.tasks.get(task_id))

    def _work(self, queue: str) -> None:
        """Poll for one task, and do it."""
        domain, _, task_type = queue.rpartition(":")
        polled: list[Task] = []

        def poll() -> None:
            polled.extend(
                self.engine.tasks.poll(
                    task_type, worker_id="test", domain=domain or None, count=1, wait_seconds=0
                )
            )

        self._outlive(poll)
        for task in polled:
            self.do_work(task)

    def _outlive(self, act: Callable[[], object]) -> None:
        """Do something; a new process takes the place of one that dies of it."""
        try:
            act()
        except DeathError:
            self.engine = self._new_process()
        except ConductorError:
            if self.fate.is_calm:
                raise

    def _new_process(self) -> Engine:
        return engine_on(self._ports, self.outside, self.outside.services)

    # -- looking -----------------------------------------------------------------------------

    def workflow(self, workflow_id: str) -> Workflow:
        """Return a workflow as the API shows it."""
        return self.registrar.queries.workflow(workflow_id, include_tasks=True)

    def open_tasks(self, *task_types: str) -> list[Task]:
        """Return the open tasks of these types, in all workflows that are running."""
        return [
            self.registrar.tasks.get(task.task_id)
            for workflow_id in self.memory.workflow_ids()
            for task in self.memory.ports.state.all_tasks(workflow_id)
            if task.status is TaskStatus.IN_PROGRESS and task.task_type in task_types
        ]

    def open_task_id(self, workflow_id: str, ref: str) -> str | None:
        """Return the id of the open task of that name, or None."""
        if self.memory.ports.state.workflow(workflow_id) is None:
            return None
        task = self.registrar.queries.pending(workflow_id, ref)
        return None if task is None else task.task_id

    @property
    def registrar(self) -> Engine:
        """The engine, or one of which nothing can die."""
        if self._ports is self.memory.ports:
            return self.engine
        return engine_on(self.memory.ports, self.outside, self.outside.services)


def _by_importance(queue: str) -> tuple[int, str]:
    """Order queues: what has been decided and sent goes before new work."""
    inside = (EVENTS_QUEUE, EVALUATOR_QUEUE, *SYSTEM_QUEUES)
    return (inside.index(queue) if queue in inside else len(inside), queue)
