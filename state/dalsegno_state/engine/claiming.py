"""Handing tasks out: a scheduled attempt becomes one worker's, within its limits."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from dalsegno.models import EpochMillis, TaskDef, TaskStatus, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.draft import DONE_ELSEWHERE
from dalsegno_state.engine.loading import Loader
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.plan import Plan
from dalsegno_state.ports import DefinitionStore, Message, Ports
from dalsegno_state.state_changes import noted_task
from dalsegno_state.timeouts import deadline
from dalsegno_state.view import View
from dalsegno_state.worker_queue import queue_name, visible_at
from dalsegno_state.writes import PullWake, ReplaceTask, Write

# How soon a task that found no free slot is tried again; Conductor waits a minute.
_SLOT_RETRY_MS: Final = 1_000
# A slot whose holder has no response timeout is free again after this long.
_LONGEST_SLOT_MS: Final = 3_600_000
# A task in hand is changed by nothing but its worker, and once by the note that its claim is told.
_MAX_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Claimed:
    """The task is the caller's."""

    task: TaskState
    view: View


@dataclass(frozen=True, slots=True)
class Stale:
    """There is nothing to hand out; the message may be forgotten."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """The message is not of the queue that was asked; it is to stay there for its own reader."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """The task may be handed out later."""

    delay_ms: int


Claim = Claimed | Stale | Foreign | NotYet


@dataclass(frozen=True, slots=True)
class Asked:
    """What a worker polls for.

    Attributes:
        task_type: With its name space and isolation group, if it has them; see ``queue_name``.
    """

    task_type: str
    domain: str | None

    def includes(self, task: TaskState, task_def: TaskDef | None) -> bool:
        """Return whether a task is of this type and domain.

        Its queue's name does not tell: ``a:b`` is the type b in the domain a, and the type a:b.
        """
        same_domain = (task.domain or "") == (self.domain or "")
        return same_domain and queue_name(task.task_type, None, task_def) == self.task_type


class Claims:
    """Turns messages of worker queues into tasks in hand."""

    def __init__(
        self,
        ports: Ports,
        loader: Loader,
        look_again: Callable[[str, str], None],
        publish: Callable[[str, str], None],
    ) -> None:
        self._ports = ports
        self._loader = loader
        self._look_again = look_again
        self._publish = publish

    def claim(
        self,
        task_id: str,
        worker_id: str | None,
        asked: Asked | None = None,
        refused_ms: Callable[[View, TaskState], int | None] = lambda view, task: None,
    ) -> Claim:
        """Make a scheduled task the worker's, by one conditional write.

        Args:
            task_id: The message's body.
            worker_id: Who gets the task.
            asked: What the worker works on; None for a system worker, who takes any task.
            refused_ms: Returns for how long the worker itself cannot take it, or None if it can.
        """
        if ids.parse_task_id(task_id) is None:
            return Foreign()
        found = self.waiting(task_id)
        if found is None:
            return Stale()
        task, view = found
        now = self._ports.clock.now()
        task_def = definition_of(task, view.plan, self._ports.definitions)
        if asked is not None and not asked.includes(task, task_def):
            return Foreign()
        if now < visible_at(task):
            return NotYet(visible_at(task) - now)
        wait_ms = refused_ms(view, task)
        if wait_ms is None:
            wait_ms = self._refused_ms(task, task_def, now)
        if wait_ms is not None:
            return NotYet(wait_ms)
        return self._take(view, task, task_def, worker_id, now)

    def waiting(self, task_id: str) -> tuple[TaskState, View] | None:
        """Return an attempt that waits to be handed out, now or later; None if it does not."""
        address = ids.parse_task_id(task_id)
        workflow = None if address is None else self._ports.state.workflow(address.workflow_id)
        if address is None or workflow is None:
            return None
        task = self._scheduled(address, task_id)
        if task is None:
            return None
        if workflow.status.is_terminal:
            self._look_again(address.workflow_id, address.ref)
            return None
        return task, self._loader.view_of(workflow)

    def give_back(self, task: TaskState, queue: str, priority: int) -> None:
        """Undo a claim: the task can be claimed again at once, by the readers of ``queue``.

        Nothing is done if its worker has reported on it, or extended its lease. What a rate limit
        counted stays counted.
        """
        held: TaskState | None = task
        for _ in range(_MAX_TRIES):
            if held is None or not _is_same_claim(held, task):
                return
            free = replace(
                held,
                revision=held.revision + 1,
                status=TaskStatus.SCHEDULED,
                worker_id=None,
                poll_count=held.poll_count - 1,
                started_at=held.started_at if held.poll_count > 1 else 0,
                updated_at=self._ports.clock.now(),
            )
            lost = self._ports.state.commit([ReplaceTask(free, held.task_id, held.revision)])
            if lost is None:
                self._ports.limits.release_slot(task.name, task.task_id)
                message = Message(queue=queue, body=task.task_id, priority=priority)
                self._ports.queues.send([message])
                return
            held = lost.task

    def _scheduled(self, address: ids.TaskAddress, task_id: str) -> TaskState | None:
        """Return the attempt if it waits to be handed out.

        The cheap read may be of a moment ago: the claim's condition finds out if it says yes
        wrongly, and it is not believed if it says no.
        """
        state = self._ports.state
        task = state.recent(address.workflow_id, address.ref)
        if _waits(task, task_id):
            return task
        task = state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        return task if _waits(task, task_id) else None

    def _take(
        self,
        view: View,
        task: TaskState,
        task_def: TaskDef | None,
        worker_id: str | None,
        now: EpochMillis,
    ) -> Claim:
        taken = replace(
            task,
            revision=task.revision + 1,
            status=TaskStatus.IN_PROGRESS,
            worker_id=worker_id,
            poll_count=task.poll_count + 1,
            take_overs=0,
            started_at=task.started_at or now,
            updated_at=now,
            callback_after_seconds=0,
            wait_until=None,
        )
        taken = noted_task(taken, task, _node(task, view.plan))
        write = ReplaceTask(taken, task.task_id, task.revision)
        lost = self._ports.state.commit(
            [*_nearer_wake(view.workflow, deadline(taken, task_def, now)), write]
        )
        if lost is None:
            if taken.unpublished:
                self._publish(task.workflow_id, task.ref)
            return Claimed(taken, view)
        if lost.task is not None and _waits(lost.task, task.task_id):
            # It was changed meanwhile, and still is to be handed out.
            return NotYet(max(0, visible_at(lost.task) - now))
        return Stale()

    def _refused_ms(
        self, task: TaskState, task_def: TaskDef | None, now: EpochMillis
    ) -> int | None:
        """Return how long to wait if a limit is reached, None if the task may start."""
        if task_def is None:
            return None
        limit = task_def.concurrent_exec_limit or 0
        until = now + (task_def.response_timeout_seconds * 1000 or _LONGEST_SLOT_MS)
        if limit > 0 and not self._ports.limits.acquire_slot(
            task.name, task.task_id, limit=limit, until=until, now=now
        ):
            return _SLOT_RETRY_MS
        if task_def.rate_limit_per_frequency <= 0:
            return None
        again_at = self._ports.limits.acquire_rate(
            task.name,
            limit=task_def.rate_limit_per_frequency,
            window_ms=task_def.rate_limit_frequency_in_seconds * 1000,
            now=now,
        )
        if again_at is None:
            return None
        if limit > 0:
            self._ports.limits.release_slot(task.name, task.task_id)
        return max(1, again_at - now)


def definition_of(task: TaskState, plan: Plan, definitions: DefinitionStore) -> TaskDef | None:
    """Return the definition that rules a task; that of a DYNAMIC task as it is registered now."""
    if task.node is not None:
        embedded = task.node.get("taskDefinition")
        if embedded is None:
            is_default = task.task_type == task.name or task.task_type in DONE_ELSEWHERE
            return TaskDef(name=task.name) if is_default else None
        return TaskDef.model_validate(embedded)
    node = plan.nodes.get(task.base_ref)
    if node is None:
        return None
    if node.task.task_definition is None and node.task.type == "DYNAMIC":
        return definitions.task_def(task.name)
    return node.task.task_definition


def _node(task: TaskState, plan: Plan) -> WorkflowTask:
    """Return how a task is defined; nothing is known of one inside a dynamic branch."""
    if task.node is not None:
        return WorkflowTask.model_validate(task.node)
    node = plan.nodes.get(task.base_ref)
    return WorkflowTask() if node is None or task.root is not None else node.task


def _waits(task: TaskState | None, task_id: str) -> bool:
    if task is None or task.task_id != task_id:
        return False
    return task.status is TaskStatus.SCHEDULED


def _is_same_claim(held: TaskState, task: TaskState) -> bool:
    """Return whether a stored task is in hand just as ``task`` was when it was claimed."""
    return held.status is TaskStatus.IN_PROGRESS and (
        (held.task_id, held.poll_count, held.updated_at)
        == (task.task_id, task.poll_count, task.updated_at)
    )


def _nearer_wake(workflow: WorkflowState, at: EpochMillis | None) -> list[Write]:
    if at is None or (workflow.wake_at is not None and workflow.wake_at <= at):
        return []
    return [PullWake(workflow.workflow_id, at)]
