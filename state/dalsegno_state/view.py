"""What has been read of one execution; asking it for more names what to read next."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dalsegno.models import JsonObject, PollData, TaskDef
from dalsegno_state.execution import PayloadRef, TaskState, WorkflowState
from dalsegno_state.plan import Plan
from dalsegno_state.writes import Arrivals, CreateTask, DeleteTask, ReplaceTask, Write


class NotLoadedError(Exception):
    """The decision needs more of what is stored; load it and decide again.

    Attributes:
        refs: Full reference names of tasks.
        latest: Base reference names whose latest iteration is asked for.
        payloads: Large payloads.
        task_defs: Names of stored task definitions.
        polls: Task types whose recent polls are asked for.
        cached: Keys of outputs that may have been kept.
        everything: All tasks of the workflow.
    """

    def __init__(
        self,
        *,
        refs: Iterable[str] = (),
        latest: Iterable[str] = (),
        payloads: Iterable[PayloadRef] = (),
        task_defs: Iterable[str] = (),
        polls: Iterable[str] = (),
        cached: Iterable[str] = (),
        everything: bool = False,
    ) -> None:
        self.refs = frozenset(refs)
        self.latest = frozenset(latest)
        self.payloads = frozenset(payloads)
        self.task_defs = frozenset(task_defs)
        self.polls = frozenset(polls)
        self.cached = frozenset(cached)
        self.everything = everything
        super().__init__(f"not loaded: {self.refs or self.latest or 'more'}")


@dataclass(slots=True)
class View:
    """A growing picture of one execution, never older than the workflow item it began with.

    Attributes:
        tasks: Current attempts by full reference; None where none is stored.
        latest: The task of each base reference in its latest iteration, or None.
        complete: ``tasks`` holds every task there is.
        branches: Compiled branches of dynamic forks, by the reference of their root.
        arrivals: JOIN sets that were read, by JOIN and shard.
    """

    workflow: WorkflowState
    plan: Plan
    tasks: dict[str, TaskState | None] = field(default_factory=dict)
    latest: dict[str, TaskState | None] = field(default_factory=dict)
    payloads: dict[PayloadRef, JsonObject] = field(default_factory=dict)
    task_defs: dict[str, TaskDef | None] = field(default_factory=dict)
    polls: dict[str, tuple[PollData, ...]] = field(default_factory=dict)
    cached: dict[str, JsonObject | None] = field(default_factory=dict)
    branches: dict[str, Plan] = field(default_factory=dict)
    arrivals: dict[tuple[str, str], Arrivals] = field(default_factory=dict)
    complete: bool = False

    def all_tasks(self) -> list[TaskState]:
        """Return every task in the order of creation; raises ``NotLoadedError``."""
        if not self.complete:
            raise NotLoadedError(everything=True)
        return sorted(
            (task for task in self.tasks.values() if task is not None),
            key=lambda task: task.sequence,
        )

    def learn_written(self, writes: Iterable[Write]) -> None:
        """Take in what has become of tasks by writes that were carried out."""
        for write in writes:
            match write:
                case CreateTask(task) | ReplaceTask(task):
                    self.tasks[task.ref] = task
                case DeleteTask(_, ref):
                    self.tasks[ref] = None
                case _:
                    pass

    def learn_all(self, tasks: Iterable[TaskState]) -> None:
        """Take in every task of the workflow."""
        self.tasks = {task.ref: task for task in tasks}
        self.latest = {}
        for task in self.tasks.values():
            if task is not None:
                known = self.latest.get(task.base_ref)
                if known is None or known.iterations < task.iterations:
                    self.latest[task.base_ref] = task
        self.complete = True
