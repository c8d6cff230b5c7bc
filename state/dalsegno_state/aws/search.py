"""Searches for workflows: the narrowest index that has all of the hits, then a closer look."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Final

from dalsegno.models import EpochMillis, WorkflowStatus
from dalsegno_state.aws import layout
from dalsegno_state.aws.items import decoded_workflow, workflow_key
from dalsegno_state.aws.layout import Index
from dalsegno_state.aws.matching import matches
from dalsegno_state.aws.names import KnownNames
from dalsegno_state.aws.table import Item, Table, number, text
from dalsegno_state.conditions import is_any_of, is_pattern
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import Order, WorkflowQuery
from dalsegno_state.search_fields import WORKFLOW_FIELDS, check_order, in_order

# As far as a search looks, and as Conductor's pages go: its total is no larger than this.
MOST_EXAMINED: Final = 10_000

_OPEN: Final = frozenset({WorkflowStatus.RUNNING, WorkflowStatus.PAUSED})
_OLDEST_FIRST: Final = Order("startTime", ascending=True)
_FROM: Final[EpochMillis] = 0
_TO: Final[EpochMillis] = 2**53

Found = tuple[EpochMillis, str]


class WorkflowSearch:
    """Finds workflows through the indexes of the execution table."""

    def __init__(self, table: Table, names: KnownNames) -> None:
        self._table = table
        self._names = names

    def run(self, query: WorkflowQuery) -> tuple[int, list[WorkflowState]]:
        """Return the number of workflows that match, and the asked page of them.

        Looks at no more than ``MOST_EXAMINED`` workflows: the newest, or the oldest if those are
        to come first. A search that asks for nothing but names and start times, by start time,
        reads the items of its page only; any other reads all that the index yields.

        Raises:
            ValueError: The query is ordered by something workflows cannot be ordered by.
        """
        check_order(WORKFLOW_FIELDS, query.order)
        found = list(islice(self._candidates(query), MOST_EXAMINED))
        page = slice(query.start, query.start + query.size)
        if _is_told_by_index(query):
            found.sort(reverse=not _is_oldest_first(query))
            return len(found), self._read(query, found[page])
        hits = [hit for hit in self._read(query, found) if matches(query, hit)]
        return len(hits), hits[page]

    def at_most(self, query: WorkflowQuery, limit: int) -> list[WorkflowState] | None:
        """Return all workflows that match, or None if more than ``limit`` would be looked at."""
        found = list(islice(self._candidates(query), limit + 1))
        if len(found) > limit:
            return None
        return [hit for hit in self._read(query, found) if matches(query, hit)]

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """Yield the ids of the workflows whose parent this is, in order of their creation."""
        everything = WorkflowQuery(order=(_OLDEST_FIRST,))
        under = self._under(layout.BY_PARENT, layout.name_key(parent_workflow_id), everything)
        return (workflow_id for _, workflow_id in under)

    def _read(self, query: WorkflowQuery, found: list[Found]) -> list[WorkflowState]:
        keys = [workflow_key(workflow_id) for workflow_id in dict.fromkeys(i for _, i in found)]
        workflows = [decoded_workflow(item) for item in self._table.get_many(keys)]
        return in_order(workflows, WORKFLOW_FIELDS, query.order, "workflowId")

    def _candidates(self, query: WorkflowQuery) -> Iterator[Found]:
        """Return what has all hits among it, by start time where an index tells it."""
        if query.workflow_ids is not None and not any(map(is_pattern, query.workflow_ids)):
            return iter([(0, workflow_id) for workflow_id in query.workflow_ids])
        for index, values in (
            (layout.BY_CORRELATION, query.correlation_ids),
            (layout.BY_PARENT, query.parent_workflow_ids),
        ):
            # Who has none is in neither index.
            if values is not None and "" not in values and not any(map(is_pattern, values)):
                return self._merged(index, [layout.name_key(value) for value in values], query)
        return self._by_status(query) or self._by_name(query)

    def _by_status(self, query: WorkflowQuery) -> Iterator[Found] | None:
        statuses = frozenset(query.statuses or ())
        if statuses and statuses <= _OPEN:
            return self._open()
        if statuses and statuses <= layout.FAILURES:
            keys = [shard for status in statuses for shard in layout.search_shards(status)]
            return self._merged(layout.BY_FAILURE, keys, query)
        return None

    def _by_name(self, query: WorkflowQuery) -> Iterator[Found]:
        names: list[str] | tuple[str, ...]
        if query.names is not None and not any(map(is_pattern, query.names)):
            names = tuple(dict.fromkeys(query.names))
        else:
            names = self._names.all()
            if query.names is not None:
                names = [name for name in names if is_any_of(name, query.names)]
        keys = [shard for name in names for shard in layout.search_shards(name)]
        return self._merged(layout.BY_NAME, keys, query)

    def _merged(self, index: Index, keys: list[str], query: WorkflowQuery) -> Iterator[Found]:
        parts = [self._under(index, index_key, query) for index_key in keys]
        return merge(*parts, key=lambda found: found[0], reverse=not _is_oldest_first(query))

    def _under(self, index: Index, index_key: str, query: WorkflowQuery) -> Iterator[Found]:
        after = _FROM if query.started_after is None else query.started_after + 1
        before = _TO if query.started_before is None else query.started_before - 1
        if after > before:
            return iter(())
        items = self._table.query(
            f"{index.partition} = :key AND {index.sort} BETWEEN :after AND :before",
            {":key": text(index_key), ":after": number(after), ":before": number(before)},
            index=index,
            reverse=not _is_oldest_first(query),
        )
        return (_found(item, index.sort) for item in items)

    def _open(self) -> Iterator[Found]:
        """Yield what is open: each open workflow has a wake, or ``NEVER`` in its place."""
        for shard in layout.due_shards():
            items = self._table.query("ds = :ds", {":ds": text(shard)}, index=layout.DUE)
            yield from (_found(item, layout.DUE.sort) for item in items)


def _is_told_by_index(query: WorkflowQuery) -> bool:
    asked_beyond = (
        query.versions,
        query.statuses,
        query.workflow_ids,
        query.correlation_ids,
        query.parent_workflow_ids,
        query.ended_after,
        query.ended_before,
        query.where,
        query.text,
    )
    is_by_start = len(query.order) == 1 and query.order[0].field == "startTime"
    return is_by_start and all(asked is None for asked in asked_beyond)


def _is_oldest_first(query: WorkflowQuery) -> bool:
    return query.order[0] == _OLDEST_FIRST


def _found(item: Item, sort: str) -> Found:
    return int(item[sort]["N"]), layout.workflow_id(item["pk"]["S"])
