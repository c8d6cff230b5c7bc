"""The stored state of an execution: one workflow item, one item per task."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dalsegno.models import EpochMillis, JsonObject, Seconds, TaskStatus, WorkflowStatus
from dalsegno_state.expressions import SecretPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadRef:
    """Points at a JSON object that was too large to keep in its item.

    Attributes:
        key: Where the payload store keeps it; derived from its content, so never overwritten.
        size_bytes: Length of its JSON text.
        secrets: Where the object has references to secrets. Objects that read the same, and have
            the same key, may differ in this.
    """

    key: str
    size_bytes: int
    secrets: tuple[SecretPlace, ...] = ()

    def parts(self) -> tuple[Any, ...]:
        """Return what an item keeps of it."""
        return (self.key, self.size_bytes, *([self.secrets] if self.secrets else ()))

    @classmethod
    def of(cls, key: str, size_bytes: int, secrets: Iterable[Any] = ()) -> "PayloadRef":
        """Return the reference of these parts, which may have been through JSON."""
        places = tuple(
            (tuple(path), tuple((start, end) for start, end in spans)) for path, spans in secrets
        )
        return cls(key=key, size_bytes=size_bytes, secrets=places)


Payload = JsonObject | PayloadRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A task's place among those a JOIN waits for.

    Attributes:
        join_ref: Full reference name of the JOIN.
        index: Position of the task in the JOIN's ``joinOn``.
        size: How many tasks the JOIN waits for in all.
    """

    join_ref: str
    index: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """The current attempt of one task, or a frozen earlier one.

    Attributes:
        ref: Reference name with its iteration suffix (``charge__2``); unique in the workflow.
        base_ref: Reference name as the definition spells it.
        iterations: Iteration of each enclosing DO_WHILE, outermost first.
        task_id: Names workflow, run, reference and attempt; workers use it as idempotency token.
        revision: Raised by each write; every write names the one it replaces.
        task_type: Type at run time: a system type, or the queue of a worker task.
        name: Name of the task definition.
        sequence: Orders tasks by creation; not contiguous.
        position: Its number in that order as far as its creator knew; exact without forks.
        retry_count: Attempt, 0 for the first.
        turn: DO_WHILE only: the iteration it is in.
        wait_until: WAIT: when it completes by itself. SCHEDULED: from when on it may be handed out.
        node: Set on roots of dynamic branches: the WorkflowTask they run, as JSON.
        root: Reference of the dynamic branch's root whose ``node`` contains this task.
        membership: Dynamic branches only: where the branch arrives when it ends.
        cache_key: Names its output for others, if its ``cacheConfig`` says that it has such a key.
        unpublished: Changes of its status that are yet to be told: see ``state_changes``.
        ends_workflow: It timed out under a policy that ends the workflow with it.
        take_overs: How often a system worker took the attempt over from one that had died.
        unread: Stored fields that this version does not know; written back as they were.
    """

    workflow_id: str
    ref: str
    base_ref: str
    iterations: tuple[int, ...] = ()
    task_id: str
    revision: int = 0
    task_type: str
    name: str
    status: TaskStatus
    sequence: int
    position: int = 1
    retry_count: int = 0
    input: Payload = field(default_factory=dict)
    output: Payload = field(default_factory=dict)
    scheduled_at: EpochMillis
    first_scheduled_at: EpochMillis
    started_at: EpochMillis = 0
    ended_at: EpochMillis = 0
    updated_at: EpochMillis = 0
    start_delay_seconds: Seconds = 0
    callback_after_seconds: Seconds = 0
    poll_count: int = 0
    worker_id: str | None = None
    domain: str | None = None
    reason: str | None = None
    retried_task_id: str | None = None
    sub_workflow_id: str | None = None
    turn: int = 0
    wait_until: EpochMillis | None = None
    node: JsonObject | None = None
    root: str | None = None
    membership: Membership | None = None
    cache_key: str | None = None
    unpublished: tuple[str, ...] = ()
    ends_workflow: bool = False
    external_output_path: str | None = None
    external_input_path: str | None = None
    take_overs: int = 0
    unread: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A retry, rerun or the like under way; whoever finds it carries it on.

    Attributes:
        kind: ``retry``, ``rerun``, ``restart``, ``revive``, ``jump`` or ``upgrade``.
        arguments: What the caller asked for.
    """

    kind: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowState:
    """The workflow item: what is true of the execution as a whole.

    Attributes:
        definition_hash: Names the immutable snapshot of the definition it runs.
        revision: Raised by each write; every write names the one it replaces.
        run: Raised by retry, rerun, restart and jump, so that no task id ever comes twice.
        parent_task_id: The SUB_WORKFLOW task that started it, if any.
        depth: How many workflows are above it, each the parent of the next.
        generation: How many starts by START_WORKFLOW, events and failures led to it.
        followers: SUB_WORKFLOW tasks that wait for it although they have not started it.
        rate_limit_key: Names the executions of this workflow that share its limit, if it has one.
        rate_limited: It waits for a slot under that limit; nothing of it begins before.
        operation: Unfinished retry, rerun, restart, jump or upgrade.
        unpublished: Changes of its status that are yet to be told: see ``state_changes``.
        closing: Ended, but what follows (cancelled tasks, parent, failure workflow) is not done.
        classifier: What kind of workflow the definition says it is.
        masks_payloads: Its definition masks fields, so searches do not look into its payloads.
        archived: Removed by its owner: it can be read, and nothing else.
        applied_actions: The last actions of event handlers that have changed its variables.
        wake_at: When to look at the workflow whatever happens; None once there is no need.
            Kept beside the item, written by ``PullWake`` and ``SetWake`` only.
        wake_interval_ms: How long the last wake waited; grows while nothing happens. Below zero
            it counts the wakes in a row that failed: see ``failed_wakes``.
        unread: Stored fields that this version does not know; written back as they were.
    """

    workflow_id: str
    name: str
    version: int
    definition_hash: str
    status: WorkflowStatus
    revision: int = 0
    run: int = 0
    input: Payload = field(default_factory=dict)
    output: Payload = field(default_factory=dict)
    variables: JsonObject = field(default_factory=dict)
    created_at: EpochMillis
    updated_at: EpochMillis = 0
    ended_at: EpochMillis = 0
    last_retried_at: EpochMillis = 0
    correlation_id: str | None = None
    priority: int = 0
    task_to_domain: dict[str, str] = field(default_factory=dict)
    created_by: str | None = None
    owner_app: str | None = None
    idempotency_key: str | None = None
    event: str | None = None
    parent_workflow_id: str | None = None
    parent_task_id: str | None = None
    depth: int = 0
    generation: int = 0
    followers: tuple[str, ...] = ()
    rerun_from_workflow_id: str | None = None
    external_input_path: str | None = None
    reason: str | None = None
    failed_task_id: str | None = None
    failed_refs: tuple[str, ...] = ()
    rate_limit_key: str | None = None
    rate_limited: bool = False
    operation: Operation | None = None
    unpublished: tuple[str, ...] = ()
    closing: bool = False
    archived: bool = False
    classifier: str = "workflow"
    masks_payloads: bool = False
    applied_actions: tuple[str, ...] = ()
    wake_at: EpochMillis | None = None
    wake_interval_ms: int = 0
    unread: JsonObject = field(default_factory=dict)

    @property
    def failed_wakes(self) -> int:
        """How many wakes in a row have failed; one that succeeds sets it back to 0."""
        return max(0, -self.wake_interval_ms)
