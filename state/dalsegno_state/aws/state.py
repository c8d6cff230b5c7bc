"""Executions in DynamoDB."""

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice
from typing import Final

from dalsegno.models import EpochMillis
from dalsegno_state.aws import layout
from dalsegno_state.aws.items import (
    decoded_arrivals,
    decoded_task,
    decoded_workflow,
    task_key,
    workflow_item,
    workflow_key,
)
from dalsegno_state.aws.names import KnownNames
from dalsegno_state.aws.search import WorkflowSearch
from dalsegno_state.aws.steps import carry_out
from dalsegno_state.aws.table import Item, Refused, Table, Value, key, number, text
from dalsegno_state.aws.task_search import TaskSearch
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ports import Due, FoundTask, TaskQuery, WorkflowQuery
from dalsegno_state.writes import Arrival, Arrivals, Lost, Write

_ABSENT: Final = "attribute_not_exists(pk)"


class DynamoStateStore:
    """See ``StateStore``.

    Every write is one conditional request to one item. Reads are strongly consistent but ``recent``
    and those through an index: ``due``, ``ended``, ``children`` and ``search`` may lag behind by a
    moment.

    Args:
        lists_ended: List what ends from now on, for ``ended``: one more write unit each.
    """

    def __init__(self, table: Table, *, lists_ended: bool) -> None:
        self._table = table
        self._lists_ended = lists_ended
        self._names = KnownNames(table)
        self._search = WorkflowSearch(table, self._names)
        self._task_search = TaskSearch(table, self._search)

    def create_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """See ``StateStore.create_workflow``."""
        item = workflow_item(workflow)
        self._names.add(workflow.name)
        refused = self._table.put(item, _ABSENT)
        if refused is None or refused.stored is None:
            return workflow
        return decoded_workflow(refused.stored)

    def check(self) -> None:
        """See ``StateStore.check``; a table that is read can be written."""
        self._table.get(workflow_key("-"))

    def workflow(self, workflow_id: str) -> WorkflowState | None:
        """See ``StateStore.workflow``."""
        item = self._table.get(workflow_key(workflow_id))
        return None if item is None else decoded_workflow(item)

    def tasks(self, workflow_id: str, refs: Iterable[str]) -> dict[str, TaskState]:
        """See ``StateStore.tasks``."""
        keys = [task_key(workflow_id, ref) for ref in dict.fromkeys(refs)]
        found = (decoded_task(workflow_id, item) for item in self._table.get_many(keys))
        return {task.ref: task for task in found}

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """See ``StateStore.recent``; half the price of a consistent read."""
        item = self._table.get(task_key(workflow_id, ref), is_consistent=False)
        return None if item is None else decoded_task(workflow_id, item)

    def latest(self, workflow_id: str, base_ref: str) -> TaskState | None:
        """See ``StateStore.latest``; one query that reads one item."""
        pk, prefix = layout.workflow_pk(workflow_id), layout.place_sk("T", base_ref)
        for item in self._table.under(pk, prefix, reverse=True, limit=1):
            task = decoded_task(workflow_id, item)
            if task.base_ref == base_ref:  # else it is a task whose own name looks like a turn
                return task
        return None

    def all_tasks(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.all_tasks``; all items are in memory, their documents one at a time."""
        items = list(self._table.under(layout.workflow_pk(workflow_id), "T#"))
        items.sort(key=lambda item: (int(item["q"]["N"]), item["sk"]["S"]))
        return (decoded_task(workflow_id, item) for item in items)

    def attempts(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.attempts``."""
        items = self._table.under(layout.workflow_pk(workflow_id), "A#")
        return (decoded_task(workflow_id, item) for item in items)

    def attempt(self, workflow_id: str, ref: str, task_id: str) -> TaskState | None:
        """See ``StateStore.attempt``."""
        pk = layout.workflow_pk(workflow_id)
        item = self._table.get(key(pk, layout.attempt_sk(ref, task_id)))
        return None if item is None else decoded_task(workflow_id, item)

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """See ``StateStore.commit``; one request after the other, no transaction."""
        for write in writes:
            lost = carry_out(self._table, write, lists_ended=self._lists_ended)
            if lost is not None:
                return lost
        return None

    def arrive(self, arrival: Arrival) -> Arrivals:
        """See ``StateStore.arrive``; adding to a set may be repeated, unlike counting."""
        added = "ADD m :member, f :member" if arrival.flagged else "ADD m :member"
        member: Value = {"NS": [str(arrival.member)]}
        outcome = self._table.update(_arrivals_key(arrival), added, {":member": member})
        return decoded_arrivals(None if isinstance(outcome, Refused) else outcome)

    def arrivals(self, workflow_id: str, join_ref: str, shard: str) -> Arrivals:
        """See ``StateStore.arrivals``."""
        return decoded_arrivals(
            self._table.get(_arrivals_key(Arrival(workflow_id, join_ref, shard, 0)))
        )

    def due(self, until: EpochMillis, limit: int) -> list[Due]:
        """See ``StateStore.due``."""
        return self._until(layout.due_shards(), until, limit)

    def ended(self, until: EpochMillis, limit: int) -> list[str]:
        """See ``StateStore.ended``."""
        return [due.workflow_id for due in self._until(layout.ended_shards(), until, limit)]

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """See ``StateStore.children``; in order of their creation."""
        return self._search.children(parent_workflow_id)

    def search(self, query: WorkflowQuery) -> tuple[int, list[WorkflowState]]:
        """See ``StateStore.search`` and ``WorkflowSearch.run``."""
        return self._search.run(query)

    def clear(self, workflow_id: str, limit: int) -> bool:
        """See ``StateStore.clear``."""
        found = list(islice(self._belongings(workflow_id), limit))
        self._table.delete_many(found)
        return len(found) < limit

    def search_tasks(self, query: TaskQuery) -> tuple[int, list[FoundTask]]:
        """See ``StateStore.search_tasks`` and ``TaskSearch.run``."""
        return self._task_search.run(query)

    def remove(self, workflow_id: str) -> None:
        """See ``StateStore.remove``; the workflow item goes last, so that repeating it helps."""
        self._table.delete_many(self._belongings(workflow_id))
        self._table.delete(workflow_key(workflow_id))

    def _belongings(self, workflow_id: str) -> Iterator[Item]:
        keys = self._table.keys_under(layout.workflow_pk(workflow_id))
        return (item for item in keys if item["sk"]["S"] != layout.WORKFLOW_SK)

    def _until(self, shards: Iterable[str], until: EpochMillis, limit: int) -> list[Due]:
        found = (self._due_in(shard, until, limit) for shard in shards)
        return list(islice(merge(*found, key=lambda due: due.wake_at), limit))

    def _due_in(self, shard: str, until: EpochMillis, limit: int) -> Iterator[Due]:
        found = self._table.query(
            "ds = :ds AND dw <= :until",
            {":ds": text(shard), ":until": number(until)},
            index=layout.DUE,
            limit=max(limit, 1),
        )
        for item in found:
            yield Due(layout.workflow_id(item["pk"]["S"]), int(item["dw"]["N"]))


def _arrivals_key(arrival: Arrival) -> Item:
    pk = layout.workflow_pk(arrival.workflow_id)
    return key(pk, layout.arrivals_sk(arrival.join_ref, arrival.shard))
