"""A search for workflows as SQL: clauses are fixed texts, values are always parameters."""

from collections.abc import Iterator
from typing import Final

from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sqlite.codec import encode_json

_ORDERS: Final = {
    "workflowId": "workflow_id",
    "workflowType": "name",
    "startTime": "created_at",
    "endTime": "ended_at",
    "updateTime": "updated_at",
    "status": "status",
    "correlationId": "correlation_id",
}
_ANY_OF: Final = "{column} IN (SELECT value FROM json_each(:{column}))"
_TEXT_CLAUSE: Final = r"""(
    workflow_id LIKE :text ESCAPE '\' OR name LIKE :text ESCAPE '\'
    OR correlation_id LIKE :text ESCAPE '\' OR parent_workflow_id LIKE :text ESCAPE '\'
    OR json_extract(document, '$.input') LIKE :text ESCAPE '\'
    OR json_extract(document, '$.output') LIKE :text ESCAPE '\'
)"""
_LIKE_WILDCARDS: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_GLOB_WILDCARDS: Final = str.maketrans({"[": "[[]", "?": "[?]"})


class WorkflowSearch:
    """The statements of one query, and their parameters."""

    def __init__(self, query: WorkflowQuery) -> None:
        """Prepare a query.

        Raises:
            ValueError: It is ordered by something workflows cannot be ordered by.
        """
        if query.order_by not in _ORDERS:
            raise ValueError(f"workflows cannot be ordered by {query.order_by!r}")
        self.parameters: dict[str, object] = {"start": query.start, "size": query.size}
        clauses = list(self._clauses(query))
        self._where = " AND ".join(clauses) if clauses else "true"
        direction = "ASC" if query.ascending else "DESC"
        self._order = f"{_ORDERS[query.order_by]} {direction}, workflow_id {direction}"

    @property
    def count(self) -> str:
        """The statement that counts the matches."""
        return " ".join(("SELECT count(*) FROM workflows WHERE", self._where))

    @property
    def page(self) -> str:
        """The statement that reads the asked page of them."""
        return " ".join(
            (
                "SELECT document, wake_at, wake_interval_ms FROM workflows WHERE",
                self._where,
                "ORDER BY",
                self._order,
                "LIMIT :size OFFSET :start",
            )
        )

    def _clauses(self, query: WorkflowQuery) -> Iterator[str]:
        for column, values in (
            ("name", query.names),
            ("workflow_id", query.workflow_ids),
            ("correlation_id", query.correlation_ids),
        ):
            if values is not None:
                yield self._any_matching(column, values)
        if query.parent_workflow_ids is not None:
            yield self._any_parent(query.parent_workflow_ids)
        for column, exact in (
            ("version", query.versions),
            ("status", query.statuses),
        ):
            if exact is not None:
                yield self._any_of(column, exact)
        yield from self._times(query)
        if query.text is not None:
            self.parameters["text"] = f"%{query.text.translate(_LIKE_WILDCARDS)}%"
            yield _TEXT_CLAUSE

    def _times(self, query: WorkflowQuery) -> Iterator[str]:
        bounds: tuple[tuple[str, int | None, str], ...] = (
            ("created_at > {}", query.started_after, "started_after"),
            ("created_at < {}", query.started_before, "started_before"),
            ("ended_at > 0 AND ended_at > {}", query.ended_after, "ended_after"),
            ("ended_at > 0 AND ended_at < {}", query.ended_before, "ended_before"),
        )
        for clause, bound, name in bounds:
            if bound is not None:
                self.parameters[name] = bound
                yield clause.format(f":{name}")

    def _any_of(self, column: str, values: tuple[str, ...] | tuple[int, ...]) -> str:
        self.parameters[column] = encode_json(list(values))
        return _ANY_OF.format(column=column)

    def _any_parent(self, values: tuple[str, ...]) -> str:
        """Return the clause for parents; the empty one stands for having none."""
        matching = self._any_matching("parent_workflow_id", values)
        return f"({matching} OR parent_workflow_id IS NULL)" if "" in values else matching

    def _any_matching(self, column: str, values: tuple[str, ...]) -> str:
        exact = tuple(value for value in values if "*" not in value)
        alternatives = [self._any_of(column, exact)]
        for number, pattern in enumerate(value for value in values if "*" in value):
            # GLOB, unlike LIKE, tells upper case from lower as the exact comparison does.
            self.parameters[f"{column}_{number}"] = pattern.translate(_GLOB_WILDCARDS)
            alternatives.append(f"{column} GLOB :{column}_{number}")
        return f"({' OR '.join(alternatives)})"
