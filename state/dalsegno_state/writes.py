"""Everything that can be written to an execution, as data.

Each write is atomic by itself and conditional; a list of them is carried out in order and may
be cut short after any of them, by a crash or because one lost its condition.
"""

from dataclasses import dataclass

from dalsegno.models import EpochMillis
from dalsegno_state.execution import TaskState, WorkflowState


@dataclass(frozen=True, slots=True)
class CreateTask:
    """Store a task unless its reference is taken; stop the list if it is.

    The stored task is handed back: what comes after depends on what was decided first.
    """

    task: TaskState


@dataclass(frozen=True, slots=True)
class ReplaceTask:
    """Store ``task`` if the stored one still is ``(task_id, revision)``; stop the list if not."""

    task: TaskState
    replaces_task_id: str
    replaces_revision: int


@dataclass(frozen=True, slots=True)
class FreezeAttempt:
    """Keep a finished attempt beside the one that will replace it; repeating it is harmless."""

    task: TaskState


@dataclass(frozen=True, slots=True)
class DeleteTask:
    """Forget a task, its earlier attempts and who arrived at it; absent is fine."""

    workflow_id: str
    ref: str


@dataclass(frozen=True, slots=True)
class UpdateWorkflow:
    """Store the workflow if its revision still is ``replaces_revision``; stop the list if not.

    ``wake_at`` and ``wake_interval_ms`` are left as they are, unless it ``clears_wake``.
    """

    workflow: WorkflowState
    replaces_revision: int
    clears_wake: bool = False


@dataclass(frozen=True, slots=True)
class PullWake:
    """Make sure the workflow is looked at no later than ``at``; never moves the wake away."""

    workflow_id: str
    at: EpochMillis


@dataclass(frozen=True, slots=True)
class SetWake:
    """Move the wake from ``expected_at`` to ``at`` (None: no more); does nothing if it moved.

    ``ended_at`` is when the workflow ended, if that is why it needs no more.
    """

    workflow_id: str
    expected_at: EpochMillis | None
    at: EpochMillis | None
    interval_ms: int
    ended_at: EpochMillis = 0


Write = CreateTask | ReplaceTask | FreezeAttempt | DeleteTask | UpdateWorkflow | PullWake | SetWake


@dataclass(frozen=True, slots=True)
class Lost:
    """A conditional write that found something else.

    Attributes:
        task: The stored task, if the write was about a task and one is stored.
        write: The write that lost.
    """

    write: Write
    task: TaskState | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A member arriving at one shard of a JOIN's set.

    Attributes:
        shard: Name of the shard; the root shard, "", collects the others.
        member: The member's number within the shard.
        flagged: The member did not end in plain success; the JOIN looks at it again.
    """

    workflow_id: str
    join_ref: str
    shard: str
    member: int
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who has arrived at one shard, and which of them were flagged."""

    members: frozenset[int] = frozenset()
    flagged: frozenset[int] = frozenset()
