"""A state store that others watch: they are told what was stored, once it is."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import EpochMillis
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ports import Due, FoundTask, StateStore, TaskQuery, WorkflowQuery
from dalsegno_state.writes import Arrival, Arrivals, Lost, Write


class Observer(Protocol):
    """Is told what was stored."""

    def created(self, workflow: WorkflowState) -> None:
        """Take note of a new workflow."""
        ...

    def written(self, writes: Sequence[Write]) -> None:
        """Take note of writes; a wake among them may have been moved before."""
        ...

    def changed(self) -> None:
        """Take note of an arrival at a JOIN, or of a part of an execution that was removed."""
        ...


@dataclass(frozen=True, slots=True)
class ObservedStateStore:
    """``StateStore`` that passes everything on to ``inner`` and tells its observers."""

    inner: StateStore
    observers: tuple[Observer, ...]

    def create_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """See ``StateStore.create_workflow``."""
        stored = self.inner.create_workflow(workflow)
        if stored is workflow:
            for observer in self.observers:
                observer.created(workflow)
        return stored

    def check(self) -> None:
        """See ``StateStore.check``."""
        self.inner.check()

    def workflow(self, workflow_id: str) -> WorkflowState | None:
        """See ``StateStore.workflow``."""
        return self.inner.workflow(workflow_id)

    def tasks(self, workflow_id: str, refs: Iterable[str]) -> dict[str, TaskState]:
        """See ``StateStore.tasks``."""
        return self.inner.tasks(workflow_id, refs)

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """See ``StateStore.recent``."""
        return self.inner.recent(workflow_id, ref)

    def latest(self, workflow_id: str, base_ref: str) -> TaskState | None:
        """See ``StateStore.latest``."""
        return self.inner.latest(workflow_id, base_ref)

    def all_tasks(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.all_tasks``."""
        return self.inner.all_tasks(workflow_id)

    def attempts(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.attempts``."""
        return self.inner.attempts(workflow_id)

    def attempt(self, workflow_id: str, ref: str, task_id: str) -> TaskState | None:
        """See ``StateStore.attempt``."""
        return self.inner.attempt(workflow_id, ref, task_id)

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """See ``StateStore.commit``."""
        lost = self.inner.commit(writes)
        written = writes if lost is None else _before(lost, writes)
        for observer in self.observers:
            observer.written(written)
        return lost

    def arrive(self, arrival: Arrival) -> Arrivals:
        """See ``StateStore.arrive``."""
        arrivals = self.inner.arrive(arrival)
        self._tell_of_change()
        return arrivals

    def arrivals(self, workflow_id: str, join_ref: str, shard: str) -> Arrivals:
        """See ``StateStore.arrivals``."""
        return self.inner.arrivals(workflow_id, join_ref, shard)

    def due(self, until: EpochMillis, limit: int) -> list[Due]:
        """See ``StateStore.due``."""
        return self.inner.due(until, limit)

    def ended(self, until: EpochMillis, limit: int) -> list[str]:
        """See ``StateStore.ended``."""
        return self.inner.ended(until, limit)

    def clear(self, workflow_id: str, limit: int) -> bool:
        """See ``StateStore.clear``."""
        is_clear = self.inner.clear(workflow_id, limit)
        self._tell_of_change()
        return is_clear

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """See ``StateStore.children``."""
        return self.inner.children(parent_workflow_id)

    def search(self, query: WorkflowQuery) -> tuple[int, list[WorkflowState]]:
        """See ``StateStore.search``."""
        return self.inner.search(query)

    def search_tasks(self, query: TaskQuery) -> tuple[int, list[FoundTask]]:
        """See ``StateStore.search_tasks``."""
        return self.inner.search_tasks(query)

    def remove(self, workflow_id: str) -> None:
        """See ``StateStore.remove``."""
        self.inner.remove(workflow_id)
        self._tell_of_change()

    def _tell_of_change(self) -> None:
        for observer in self.observers:
            observer.changed()


def _before(lost: Lost, writes: Sequence[Write]) -> Sequence[Write]:
    """Return the writes that were carried out before one that lost."""
    for position, write in enumerate(writes):
        if write is lost.write:
            return writes[:position]
    return ()
