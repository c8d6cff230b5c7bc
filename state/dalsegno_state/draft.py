"""A transition in the making, over a view that already shows what it will have written."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic_core import to_json

from dalsegno.models import (
    EpochMillis,
    JsonObject,
    JsonValue,
    TaskDef,
    WorkflowStatus,
    WorkflowTask,
)
from dalsegno_state import ids
from dalsegno_state.events import Event, Hint, Look, encode_evaluation
from dalsegno_state.execution import Payload, PayloadRef, TaskState, WorkflowState
from dalsegno_state.plan import Node, Plan, compile_branch
from dalsegno_state.ports import Message
from dalsegno_state.scripts import Scripts
from dalsegno_state.state_changes import noted_task, noted_workflow
from dalsegno_state.transition import CachedOutput, JoinArrival, Transition
from dalsegno_state.view import NotLoadedError, View
from dalsegno_state.writes import (
    CreateTask,
    DeleteTask,
    FreezeAttempt,
    PullWake,
    ReplaceTask,
    SetWake,
    UpdateWorkflow,
    Write,
)

if TYPE_CHECKING:
    from dalsegno_state.task_type import TaskType

MAX_PAYLOAD_BYTES = 10_240 * 1024
# Readers of JSON stop at 200 levels, and what shows a payload adds to them: loops most of all.
MAX_DEPTH = 100
BUSY_WAKE_MS = 300_000
# Types whose tasks have the default definition if nobody has defined them: without a timeout
# their workflow would wait for ever if whoever does them died.
DONE_ELSEWHERE = frozenset({"AWS_LAMBDA", "SIMPLE"})


@dataclass(frozen=True, slots=True)
class Tools:
    """What a decision may use besides what is stored.

    Attributes:
        environment: Looks up a value of the environment store.
        is_exhausted: Whether the decision has taken so long that the rest had better wait.
        max_writes: How many writes make a decision long enough.
        max_steps: How many tasks one decision follows.
    """

    scripts: Scripts
    environment: Callable[[str], JsonValue]
    is_exhausted: Callable[[], bool]
    max_writes: int = 500
    max_steps: int = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a plan in one iteration of the loops around it.

    Attributes:
        root: Reference of the dynamic branch's root whose plan this is, None in the definition.
    """

    plan: Plan
    node: Node
    iterations: tuple[int, ...]
    root: str | None = None

    @property
    def ref(self) -> str:
        """Full reference name."""
        return ids.full_ref(self.node.ref, self.iterations)

    def at(self, base_ref: str, iterations: tuple[int, ...] | None = None) -> "Place":
        """Return another place in the same plan, by default in the same iterations."""
        node = self.plan.nodes[base_ref]
        return Place(
            self.plan, node, self.iterations if iterations is None else iterations, self.root
        )

    def full_ref(self, base_ref: str) -> str:
        """Return the full name of a reference in the same iterations."""
        return ids.full_ref(base_ref, self.iterations)


class Draft:
    """Collects what one decision writes and sends; reading it shows its own writes.

    Attributes:
        now: Time of the decision.
        waking: The whole workflow is being looked at because time has passed.
        operating: An operator's retry, rerun or restart is being carried out.
        start: Where the expansion of a wide fork goes on.
        current: The task that was followed last.
        agenda: Full references of tasks to follow next.
        steps: How many tasks were followed.
        drains: How many calls of ``flow.drain`` are under way, each within the one before.
    """

    def __init__(
        self, view: View, tools: "Tools", now: EpochMillis, types: "Mapping[str, TaskType]"
    ) -> None:
        self.view = view
        self.tools = tools
        self.now = now
        self.types = types
        self.waking = False
        self.operating = False
        self.start = 0
        self.current: TaskState | None = None
        self.workflow: WorkflowState = view.workflow
        self.agenda: deque[str] = deque()
        self.steps = 0
        self.drains = 0
        self._followed: dict[str, int] = {}
        self._writes: list[Write] = []
        self._arrivals: list[JoinArrival] = []
        self._joins: list[tuple[str, int]] = []
        self._launches: list[str] = []
        self._cached: list[CachedOutput] = []
        self._messages: list[Message] = []
        self._then: list[Event] = []
        self._tasks: dict[str, TaskState | None] = {}
        self._newest: dict[str, TaskState] = {}
        self._wake_at: EpochMillis | None = None
        self._sequence = now * 1000
        self._position = 0

    # -- reading ---------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        """True while new tasks may come into being."""
        if self.workflow.status is not WorkflowStatus.RUNNING or self.workflow.rate_limited:
            return False
        return self.operating or self.workflow.operation is None

    @property
    def has_budget(self) -> bool:
        """False once the rest had better be another decision."""
        return (
            len(self._writes) < self.tools.max_writes
            and self.steps < self.tools.max_steps
            and not self.tools.is_exhausted()
        )

    def is_news(self, ref: str) -> bool:
        """Return whether a task is to be followed, and note that it is."""
        if self._followed.get(ref) == len(self._writes):
            return False
        self._followed[ref] = len(self._writes)
        self.steps += 1
        return True

    @property
    def writes_nothing(self) -> bool:
        """True while nothing was found that needed to be stored, sent or started."""
        return not (self._writes or self._messages or any(map(self._starts_child, self._launches)))

    def _starts_child(self, ref: str) -> bool:
        """Return whether a launch is more than a look at a child that runs already."""
        task = self.peek(ref)
        return task is None or task.sub_workflow_id is None

    def peek(self, ref: str) -> TaskState | None:
        """Return a task if it is known to exist; None says nothing."""
        return self._tasks[ref] if ref in self._tasks else self.view.tasks.get(ref)

    def has_written(self, ref: str) -> bool:
        """Return whether this decision creates or changes a task."""
        return ref in self._tasks

    def task(self, ref: str) -> TaskState | None:
        """Return the current attempt of a task, or None if it does not exist."""
        if ref in self._tasks:
            return self._tasks[ref]
        if ref not in self.view.tasks and not self.view.complete:
            raise NotLoadedError(refs=(ref,))
        return self.view.tasks.get(ref)

    def require(self, refs: Iterable[str]) -> None:
        """See that all these tasks are loaded, with one read."""
        if not self.view.complete:
            missing = [r for r in refs if r not in self._tasks and r not in self.view.tasks]
            if missing:
                raise NotLoadedError(refs=missing)

    def latest(self, base_ref: str) -> TaskState | None:
        """Return a task in its latest iteration, or None."""
        if base_ref in self._newest:
            return self._newest[base_ref]
        node = self.view.plan.nodes.get(base_ref)
        if node is not None and not node.loops:
            return self.task(base_ref)
        if base_ref not in self.view.latest and not self.view.complete:
            raise NotLoadedError(latest=(base_ref,))
        return self.view.latest.get(base_ref)

    def everything(self) -> list[TaskState]:
        """Return all tasks of the workflow, those of this draft included."""
        stored = {task.ref: task for task in self.view.all_tasks()}
        merged = {**stored, **self._tasks}
        return sorted(
            (task for task in merged.values() if task is not None), key=lambda t: t.sequence
        )

    def known_tasks(self) -> Iterator[TaskState]:
        """Yield the tasks that were read, as this draft leaves them."""
        for task in {**self.view.tasks, **self._tasks}.values():
            if task is not None:
                yield task

    def environment(self, name: str) -> JsonValue:
        """Return a value of the environment store, or None."""
        return self.tools.environment(name)

    def payload(self, payload: Payload) -> JsonObject:
        """Return a payload's content, wherever it is kept."""
        if not isinstance(payload, PayloadRef):
            return payload
        if payload not in self.view.payloads:
            raise NotLoadedError(payloads=(payload,))
        return self.view.payloads[payload]

    def place_of(self, task: TaskState) -> Place:
        """Return where a stored task stands."""
        if task.node is None and task.root is None:
            return Place(self.view.plan, self.view.plan.nodes[task.base_ref], task.iterations)
        root_ref = task.ref if task.node is not None else str(task.root)
        plan = self._branch(root_ref)
        return Place(plan, plan.nodes[task.base_ref], task.iterations, root_ref)

    def is_planned(self, task: TaskState) -> bool:
        """Return whether the definition has a task; an upgrade may have overtaken its creation."""
        if task.root is not None and task.node is None:
            root = self.task(task.root)
            return root is not None and root.node is not None
        return task.node is not None or task.base_ref in self.view.plan.nodes

    def task_def(self, place: Place, task_name: str) -> TaskDef | None:
        """Return the definition that rules a task, or None if it has none.

        Work that a dynamic fork names without a definition has the default one: see
        ``DONE_ELSEWHERE``.
        """
        task = place.node.task
        if task.task_definition is None and task.type == "DYNAMIC":
            return self.stored_task_def(task_name)
        if task.task_definition is None and task.type in DONE_ELSEWHERE:
            return TaskDef(name=task_name)
        return task.task_definition

    def stored_task_def(self, name: str) -> TaskDef | None:
        """Return a task definition as it is registered now."""
        if name not in self.view.task_defs:
            raise NotLoadedError(task_defs=(name,))
        return self.view.task_defs[name]

    def has_recent_poll(self, task_type: str, domain: str) -> bool:
        """Return whether anybody asked for this type and domain within ten seconds."""
        if task_type not in self.view.polls:
            raise NotLoadedError(polls=(task_type,))
        return any(
            poll.domain == domain and poll.last_poll_time >= self.now - 10_000
            for poll in self.view.polls[task_type]
        )

    def cached(self, key: str) -> JsonObject | None:
        """Return the output that was kept under a key, or None."""
        if key not in self.view.cached:
            raise NotLoadedError(cached=(key,))
        return self.view.cached[key]

    def _branch(self, root_ref: str) -> Plan:
        if root_ref not in self.view.branches:
            root = self.task(root_ref)
            if root is None or root.node is None:
                raise LookupError(f"{root_ref} is not the root of a dynamic branch")
            self.view.branches[root_ref] = compile_branch(root.node)
        return self.view.branches[root_ref]

    # -- writing ---------------------------------------------------------------------------

    def create(self, task: TaskState) -> None:
        """Store a new task; one that is born finished is followed at once."""
        self._sequence += 1
        self._position += 1
        task = replace(task, sequence=self._sequence, position=self._position)
        task = self._put_noted(task, None)
        self._writes.append(CreateTask(task))
        if task.status.is_terminal:
            self.agenda.append(task.ref)

    def replace(self, old: TaskState, new: TaskState) -> TaskState:
        """Store a task's new state in place of the one that was read; return it as stored."""
        new = self._put_noted(replace(new, revision=old.revision + 1), old)
        self._writes.append(ReplaceTask(new, old.task_id, old.revision))
        return new

    def freeze(self, task: TaskState) -> None:
        """Keep a finished attempt beside the one that replaces it."""
        self._writes.append(FreezeAttempt(task))

    def stand_behind(self, task: TaskState) -> None:
        """See that tasks created from here on sort behind this one."""
        self._sequence = max(self._sequence, task.sequence)
        self._position = max(self._position, task.position)

    def delete(self, ref: str) -> None:
        """Forget a task."""
        self._tasks[ref] = None
        self._writes.append(DeleteTask(self.workflow.workflow_id, ref))

    def update_workflow(self, workflow: WorkflowState, *, clears_wake: bool = False) -> None:
        """Store the workflow's new state."""
        replaced, status = self.workflow.revision, self.workflow.status
        changed = replace(workflow, revision=replaced + 1, updated_at=self.now)
        self.workflow = noted_workflow(changed, status, self.view.plan.definition)
        self._writes.append(UpdateWorkflow(self.workflow, replaced, clears_wake))

    def set_wake(self, at: EpochMillis | None, interval_ms: int) -> None:
        """Move the wake away from where it was read."""
        workflow_id, read_at = self.workflow.workflow_id, self.view.workflow.wake_at
        ended_at = self.workflow.ended_at
        self._writes.append(SetWake(workflow_id, read_at, at, interval_ms, ended_at))

    def wake_by(self, at: EpochMillis) -> None:
        """See that the workflow is looked at no later than this."""
        self._wake_at = at if self._wake_at is None else min(self._wake_at, at)

    def arrive(self, arrival: JoinArrival) -> None:
        """Let somebody arrive at a JOIN."""
        self._arrivals.append(arrival)

    def check_join(self, join_ref: str, size: int) -> None:
        """See whether everybody has arrived at a JOIN already."""
        self._joins.append((join_ref, size))

    def launch(self, ref: str) -> None:
        """See to the workflow that a task starts."""
        self._launches.append(ref)

    def send(self, message: Message) -> None:
        """Send a hint."""
        self._messages.append(message)

    def remember(self, output: CachedOutput) -> None:
        """Keep an output for other tasks."""
        self._cached.append(output)

    def look_later(self, ref: str | None, *, at: EpochMillis | None = None, start: int = 0) -> None:
        """Have a task looked at by the evaluator, at once or at a time."""
        self.tell(self.workflow.workflow_id, Look(ref=ref, start=start), at=at)

    def tell(self, workflow_id: str, event: Hint, *, at: EpochMillis | None = None) -> None:
        """Have an event evaluated, for this workflow or another."""
        self.send(
            Message(
                queue=ids.EVALUATOR_QUEUE,
                body=encode_evaluation(workflow_id, event),
                deliver_at=at,
            )
        )

    def go_on_with(self, event: Event) -> None:
        """Have an event decided right after this one."""
        self._then.append(event)

    def go_on_first_with(self, event: Event) -> None:
        """Have an event decided after this one and before any other."""
        self._then.insert(0, event)

    def transition(self) -> Transition:
        """Return what was collected; the wake is pulled near before anything is stored."""
        return Transition(
            writes=tuple([*self._pull(), *self._writes]),
            cached=tuple(self._cached),
            arrivals=tuple(self._arrivals),
            joins=tuple(dict.fromkeys(self._joins)),
            launches=tuple(dict.fromkeys(self._launches)),
            messages=tuple(self._messages),
            then=tuple(self._then),
        )

    def _pull(self) -> list[Write]:
        if self.workflow.status.is_terminal and not self.workflow.closing:
            return []
        needed = self._wake_at
        if self._writes or self._arrivals:
            busy = self.now + BUSY_WAKE_MS
            needed = busy if needed is None else min(needed, busy)
        stored = self.view.workflow.wake_at
        if needed is None or (stored is not None and stored <= needed):
            return []
        return [PullWake(self.workflow.workflow_id, needed)]

    def _put_noted(self, task: TaskState, before: TaskState | None) -> TaskState:
        """Show a task as it will be stored, with a note if its change is to be told; return it."""
        self._put(task)  # its place may be found by itself
        task = noted_task(task, before, self.place_of(task).node.task)
        self._put(task)
        return task

    def _put(self, task: TaskState) -> None:
        self._tasks[task.ref] = task
        newest = self._newest.get(task.base_ref)
        if newest is None or newest.iterations <= task.iterations:
            self._newest[task.base_ref] = task


def size_bytes(payload: JsonValue) -> int:
    """Return the length of a JSON value's text."""
    return len(to_json(payload))


def is_too_deep(payload: JsonValue) -> bool:
    """Return whether a JSON value has more than ``MAX_DEPTH`` levels of objects and arrays."""
    level = [payload] if isinstance(payload, (dict, list)) else []
    for _ in range(MAX_DEPTH):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    return bool(level)


def depth_fault(payload: JsonValue, what: str) -> str | None:
    """Return what is wrong with a payload that has too many levels; None if it has not."""
    if not is_too_deep(payload):
        return None
    return f"{what} is nested more than {MAX_DEPTH} levels deep"


def runtime_type(task: WorkflowTask) -> str:
    """Return the type a task shows once it runs: its name if a worker does it."""
    return task.name if task.type == "SIMPLE" else task.type
