"""Executions: what is stored of them, and how they are found."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import (
    EpochMillis,
    WorkflowStatus,
)
from dalsegno_state.conditions import Condition
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.writes import Arrival, Arrivals, Lost, Write


class StateStore(Protocol):
    """Executions. Every read is strongly consistent, but for ``recent``."""

    def create_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """Store a workflow unless its id is taken; return the one that is stored."""
        ...

    def check(self) -> None:
        """Raise UnavailableError if nothing can be stored now."""
        ...

    def workflow(self, workflow_id: str) -> WorkflowState | None:
        """Return the workflow item, or None."""
        ...

    def tasks(self, workflow_id: str, refs: Iterable[str]) -> dict[str, TaskState]:
        """Return the current attempts of the tasks with these full references that exist."""
        ...

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """Return a task as it was a moment ago; the one read that need not be consistent.

        It is cheaper, for whoever finds out by a conditional write that the task has changed.
        """
        ...

    def latest(self, workflow_id: str, base_ref: str) -> TaskState | None:
        """Return the task of this base reference in its latest iteration (numeric order)."""
        ...

    def all_tasks(self, workflow_id: str) -> Iterator[TaskState]:
        """Yield the current attempt of every task, in order of ``sequence``."""
        ...

    def attempts(self, workflow_id: str) -> Iterator[TaskState]:
        """Yield the frozen earlier attempts of every task."""
        ...

    def attempt(self, workflow_id: str, ref: str, task_id: str) -> TaskState | None:
        """Return one frozen earlier attempt, or None."""
        ...

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """Carry out writes in order; return the first that lost its condition, or None.

        Writes before the lost one stay; those after it are not carried out.
        """
        ...

    def arrive(self, arrival: Arrival) -> Arrivals:
        """Add a member to a JOIN's shard; return the shard's whole set, the member included."""
        ...

    def arrivals(self, workflow_id: str, join_ref: str, shard: str) -> Arrivals:
        """Return a shard's set."""
        ...

    def due(self, until: EpochMillis, limit: int) -> "list[Due]":
        """Return workflows whose ``wake_at`` is at or before ``until``, earliest first."""
        ...

    def ended(self, until: EpochMillis, limit: int) -> list[str]:
        """Return ids of workflows that ended at or before ``until``, the earliest first.

        One that was set going since may be among them. A store may be told not to list what
        ends, as it costs a write; what ended meanwhile is missing.
        """
        ...

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """Yield ids of the workflows whose parent this is."""
        ...

    def search(self, query: "WorkflowQuery") -> tuple[int, list[WorkflowState]]:
        """Return the number of workflows that match, and the asked page of them."""
        ...

    def clear(self, workflow_id: str, limit: int) -> bool:
        """Forget up to ``limit`` of what belongs to a workflow, but not the workflow itself.

        Return whether nothing but the workflow is left.
        """
        ...

    def search_tasks(self, query: "TaskQuery") -> tuple[int, list["FoundTask"]]:
        """Return the number of task attempts that match, and the asked page of them.

        Raises:
            InvalidRequestError: The store cannot look that far; it says what to add.
        """
        ...

    def remove(self, workflow_id: str) -> None:
        """Forget a workflow with all its tasks, attempts, arrivals and wake; absent is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A workflow that is to be looked at, and from when on."""

    workflow_id: str
    wake_at: EpochMillis


@dataclass(frozen=True, slots=True)
class Order:
    """A field that hits are sorted by; those that lack a value are least."""

    field: str
    ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowQuery:
    """A search over workflow items; None means any. Newest first unless ordered otherwise.

    Attributes:
        where: What must hold beside all else; its fields are those of ``search_fields``.
        order: Later fields, and last the workflow id, decide between equals of earlier ones.
    """

    names: tuple[str, ...] | None = None
    versions: tuple[int, ...] | None = None
    statuses: tuple[WorkflowStatus, ...] | None = None
    workflow_ids: tuple[str, ...] | None = None
    correlation_ids: tuple[str, ...] | None = None
    parent_workflow_ids: tuple[str, ...] | None = None
    started_after: EpochMillis | None = None
    started_before: EpochMillis | None = None
    ended_after: EpochMillis | None = None
    ended_before: EpochMillis | None = None
    where: Condition | None = None
    text: str | None = None
    order: tuple[Order, ...] = (Order("startTime"),)
    start: int = 0
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """A search over task attempts, current and earlier; None means any.

    Attributes:
        workflows: Those whose tasks are looked at.
        task_ids: Narrows the search as ``where`` does, but tells where to look.
        order: Later fields, and last the task id, decide between equals of earlier ones.
    """

    workflows: WorkflowQuery = WorkflowQuery()
    task_ids: tuple[str, ...] | None = None
    where: Condition | None = None
    text: str | None = None
    order: tuple[Order, ...] = (Order("startTime"),)
    start: int = 0
    size: int = 100


@dataclass(frozen=True, slots=True)
class FoundTask:
    """An attempt with the workflow it belongs to.

    Attributes:
        is_current: No later attempt has replaced it.
    """

    task: TaskState
    workflow: WorkflowState
    is_current: bool = True
