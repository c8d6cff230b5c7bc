"""What a workflow will cost on AWS, from its definition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dalsegno.costs.bill import Counts
from dalsegno.costs.traffic import A_CHILD, A_TURN, INSTANT, Traffic
from dalsegno.models import WorkflowDef, WorkflowTask

DEFAULT_TURNS: Final = 10
DEFAULT_BRANCHES: Final = 10
DEFAULT_DAYS: Final = 1.0

# A Parallel state ends by itself; a loop is a Choice, which is entered in each turn.
_NO_STATES_ELSEWHERE: Final = frozenset({"JOIN", "EXCLUSIVE_JOIN", "DO_WHILE"})


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one execution takes.

    Attributes:
        transitions: States that Step Functions Standard would enter.
        assumptions: What was taken for granted, for people.
    """

    counts: Counts
    transitions: float
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """What a definition does not tell, by reference name.

    Attributes:
        turns: Of loops.
        branches: Of dynamic forks.
        days: How long WAIT tasks wait.
    """

    turns: Mapping[str, int] = field(default_factory=dict)
    branches: Mapping[str, int] = field(default_factory=dict)
    days: Mapping[str, float] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """All reference names that are guessed about."""
        return {*self.turns, *self.branches, *self.days}


def estimate(
    definition: WorkflowDef, traffic: Traffic | None = None, guesses: Guesses | None = None
) -> Estimate:
    """Return what an execution takes that goes well, by the most expensive way through it.

    Raises:
        ValueError: A guess is about a task that there is none of.
    """
    reckoning = _Reckoning(traffic or Traffic(), guesses or Guesses())
    work = reckoning.workflow(definition).plus(_Work(reckoning.traffic.request()))
    unknown = sorted(reckoning.guesses.names - reckoning.seen)
    if unknown:
        raise ValueError(f"{definition.name} has no task {', '.join(unknown)} of a fitting type")
    return Estimate(work.counts, work.transitions, tuple(reckoning.assumptions))


@dataclass(frozen=True, slots=True)
class _Work:
    counts: Counts = field(default_factory=Counts)
    transitions: float = 0

    def plus(self, other: "_Work") -> "_Work":
        return _Work(self.counts.plus(other.counts), self.transitions + other.transitions)

    def times(self, factor: float) -> "_Work":
        return _Work(self.counts.times(factor), self.transitions * factor)


class _Reckoning:
    """Goes through a definition, and notes what it had to assume."""

    def __init__(self, traffic: Traffic, guesses: Guesses) -> None:
        self.traffic = traffic
        self.guesses = guesses
        self.seen: set[str] = set()
        self.assumptions: dict[str, None] = {}

    def workflow(self, definition: WorkflowDef) -> _Work:
        return _Work(self.traffic.workflow()).plus(self._list(definition.tasks))

    def _list(self, tasks: Sequence[WorkflowTask]) -> _Work:
        work = _Work()
        for task in tasks:
            work = work.plus(self._task(task))
        return work

    def _task(self, task: WorkflowTask) -> _Work:
        match task.type:
            case "SWITCH" | "DECISION":
                return self._own(task).plus(self._dearest_case(task))
            case "FORK_JOIN":
                return self._own(task).plus(self._fork(task))
            case "FORK_JOIN_DYNAMIC":
                return self._own(task).plus(self._dynamic_fork(task))
            case "DO_WHILE":
                return self._own(task).plus(self._loop(task))
            case "SUB_WORKFLOW":
                return _Work(A_CHILD, 1).plus(self._child(task))
            case "WAIT":
                return self._wait(task)
        return self._own(task)

    def _own(self, task: WorkflowTask) -> _Work:
        """Return what a task takes for itself; unknown types are done by workers."""
        of_type = INSTANT.get(task.type, Traffic.worker_task)
        if task.type == "START_WORKFLOW":
            self._assume(f"what {task.task_reference_name} starts is not included")
        return _Work(of_type(self.traffic), 0 if task.type in _NO_STATES_ELSEWHERE else 1)

    def _dearest_case(self, task: WorkflowTask) -> _Work:
        cases = {**task.decision_cases, "the default": task.default_case}
        works = {name: self._list(tasks) for name, tasks in cases.items()}
        dearest = max(works, key=lambda name: works[name].counts.usd(self.traffic.workers.endpoint))
        self._assume(f"{task.task_reference_name} takes its dearest case, {dearest}")
        return works[dearest]

    def _fork(self, task: WorkflowTask) -> _Work:
        count = len(task.fork_tasks)
        work = _Work()
        for branch in task.fork_tasks:
            is_announced = bool(branch) and _is_for_workers(branch[0])
            extra = self.traffic.branch(count if is_announced else 1, is_dynamic=False)
            work = work.plus(self._list(branch)).plus(_Work(extra))
        return work

    def _dynamic_fork(self, task: WorkflowTask) -> _Work:
        ref = task.task_reference_name
        count = self._guess(ref, self.guesses.branches, DEFAULT_BRANCHES)
        self._assume(f"{ref} has {count:g} branches of one worker task: --branches {ref}={count:g}")
        branch = self.traffic.worker_task().plus(
            self.traffic.branch(max(int(count), 1), is_dynamic=True)
        )
        return _Work(branch, 1).times(count)

    def _loop(self, task: WorkflowTask) -> _Work:
        ref = task.task_reference_name
        turns = self._guess(ref, self.guesses.turns, DEFAULT_TURNS)
        self._assume(f"{ref} takes {turns:g} turns: --turns {ref}={turns:g}")
        return self._list(task.loop_over).plus(_Work(A_TURN, 1)).times(turns)

    def _child(self, task: WorkflowTask) -> _Work:
        parameters = task.sub_workflow_param
        embedded = parameters.workflow_definition if parameters else None
        if isinstance(embedded, WorkflowDef):
            return self.workflow(embedded)
        name = (parameters and parameters.name) or task.name
        self._assume(f"{task.task_reference_name}: workflow {name} has one worker task")
        return _Work(self.traffic.workflow().plus(self.traffic.worker_task()), 1)

    def _wait(self, task: WorkflowTask) -> _Work:
        ref = task.task_reference_name
        days = self._guess(ref, self.guesses.days, DEFAULT_DAYS)
        self._assume(f"{ref} waits for {days:g} days: --days {ref}={days:g}")
        return _Work(self.traffic.waited(days), 1)

    def _guess(self, ref: str, given: Mapping[str, float], default: float) -> float:
        self.seen.add(ref)
        return given.get(ref, default)

    def _assume(self, text: str) -> None:
        self.assumptions[text] = None


def _is_for_workers(task: WorkflowTask) -> bool:
    return task.type not in {*INSTANT, "SUB_WORKFLOW", "WAIT"}
