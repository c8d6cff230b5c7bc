"""Searches as SQL: clauses are fixed texts, values are always parameters."""

from collections.abc import Iterator, Mapping
from typing import Final, assert_never

from dalsegno_state.conditions import (
    AllOf,
    AnyOf,
    Compared,
    Condition,
    IsNull,
    Not,
    OneOf,
    StartsWith,
    Value,
    is_pattern,
)
from dalsegno_state.ports import Order, TaskQuery, WorkflowQuery
from dalsegno_state.search_fields import (
    ALWAYS_MASKED,
    TASK_FIELDS,
    WORKFLOW_FIELDS,
    check_order,
)
from dalsegno_state.sqlite.codec import encode_json


def _searched(item: str, payload: str) -> str:
    """Return a payload's column; NULL where ``search_fields.searched_text`` gives None."""
    column = f"json_extract({item}.document, '$.{payload}')"
    clauses = [f"instr({column}, '\"{name}\"') = 0" for name in ALWAYS_MASKED]
    clauses.append("json_extract(w.document, '$.masks_payloads') IS NULL")
    return f"iif({' AND '.join(clauses)}, {column}, NULL)"


# Each gives NULL where the field has no value, as ``search_fields`` gives None.
WORKFLOW_COLUMNS: Final = {
    "workflowId": "w.workflow_id",
    "workflowType": "w.name",
    "version": "w.version",
    "status": "w.status",
    "correlationId": "w.correlation_id",
    "parentWorkflowId": "w.parent_workflow_id",
    "startTime": "w.created_at",
    "endTime": "nullif(w.ended_at, 0)",
    "updateTime": "nullif(w.updated_at, 0)",
    "executionTime": "nullif(w.ended_at, 0) - w.created_at",
    "priority": "ifnull(json_extract(w.document, '$.priority'), 0)",
    "classifier": "ifnull(json_extract(w.document, '$.classifier'), 'workflow')",
    "event": "json_extract(w.document, '$.event')",
    "ownerApp": "json_extract(w.document, '$.owner_app')",
    "createdBy": "json_extract(w.document, '$.created_by')",
    "idempotencyKey": "json_extract(w.document, '$.idempotency_key')",
    "reasonForIncompletion": "json_extract(w.document, '$.reason')",
    "failedReferenceTaskNames": (
        "(SELECT group_concat(value, ',') FROM json_each(w.document, '$.failed_refs'))"
    ),
    "input": _searched("w", "input"),
    "output": _searched("w", "output"),
}
TASK_COLUMNS: Final = {
    "taskId": "t.task_id",
    "taskType": "json_extract(t.document, '$.task_type')",
    "taskDefName": "json_extract(t.document, '$.name')",
    "referenceTaskName": "t.ref",
    "status": "json_extract(t.document, '$.status')",
    "workflowId": "w.workflow_id",
    "workflowType": "w.name",
    "correlationId": "w.correlation_id",
    "workflowStartTime": "w.created_at",
    "scheduledTime": "nullif(json_extract(t.document, '$.scheduled_at'), 0)",
    "startTime": "json_extract(t.document, '$.started_at')",
    "endTime": "json_extract(t.document, '$.ended_at')",
    "updateTime": "json_extract(t.document, '$.updated_at')",
    "retryCount": "ifnull(json_extract(t.document, '$.retry_count'), 0)",
    "workerId": "json_extract(t.document, '$.worker_id')",
    "domain": "json_extract(t.document, '$.domain')",
    "reasonForIncompletion": "json_extract(t.document, '$.reason')",
    "input": _searched("t", "input"),
    "output": _searched("t", "output"),
}
_WORKFLOW_TEXTS: Final = (
    "workflowId",
    "workflowType",
    "correlationId",
    "parentWorkflowId",
    "input",
    "output",
)
_TASK_TEXTS: Final = (
    "taskId",
    "referenceTaskName",
    "taskType",
    "taskDefName",
    "reasonForIncompletion",
    "workflowId",
    "workflowType",
    "input",
    "output",
)
_ANY_OF: Final = "{column} IN (SELECT value FROM json_each({values}))"
_LIKE_WILDCARDS: Final = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})
_GLOB_WILDCARDS: Final = str.maketrans({"[": "[[]", "?": "[?]"})
_UNREPLACED: Final = (
    "NOT EXISTS (SELECT 1 FROM tasks WHERE tasks.workflow_id = t.workflow_id "
    "AND tasks.ref = t.ref AND tasks.task_id = t.task_id)"
)


class WorkflowSearch:
    """The statements of one query, and their parameters."""

    def __init__(self, query: WorkflowQuery) -> None:
        """Prepare a query.

        Raises:
            ValueError: It is ordered by something workflows cannot be ordered by.
        """
        check_order(WORKFLOW_FIELDS, query.order)
        self.parameters: dict[str, object] = {"start": query.start, "size": query.size}
        self._where = workflow_clause(query, self.parameters)
        self._order = _order(query.order, WORKFLOW_COLUMNS, "workflowId")

    @property
    def count(self) -> str:
        """The statement that counts the matches."""
        return f"SELECT count(*) FROM workflows AS w WHERE {self._where}"  # noqa: S608  (fixed)

    @property
    def page(self) -> str:
        """The statement that reads the asked page of them."""
        return " ".join(
            (
                "SELECT document, wake_at, wake_interval_ms FROM workflows AS w WHERE",
                self._where,
                "ORDER BY",
                self._order,
                "LIMIT :size OFFSET :start",
            )
        )


class TaskSearch:
    """The statements of one query for task attempts, and their parameters."""

    def __init__(self, query: TaskQuery) -> None:
        """Prepare a query.

        Raises:
            ValueError: It is ordered by something tasks cannot be ordered by.
        """
        check_order(TASK_FIELDS, query.order)
        self.parameters: dict[str, object] = {"start": query.start, "size": query.size}
        clauses = _Clauses(TASK_COLUMNS, self.parameters, "t")
        matching = [workflow_clause(query.workflows, self.parameters)]
        if query.task_ids is not None:
            matching.append(clauses.one_of("taskId", query.task_ids))
        if query.where is not None:
            matching.append(clauses.of(query.where))
        if query.text is not None:
            matching.append(clauses.containing(query.text, _TASK_TEXTS))
        self._where = " AND ".join(matching)
        self._order = query.order

    @property
    def count(self) -> str:
        """The statement that counts the matches."""
        return f"SELECT count(*) FROM ({self._attempts('1')})"  # noqa: S608  (fixed texts)

    @property
    def page(self) -> str:
        """The statement that reads the asked page of them, each with its workflow."""
        keys = (*self._order, Order("taskId", self._order[-1].ascending))
        columns = [TASK_COLUMNS[key.field] for key in keys]
        chosen = ", ".join(
            ["t.document, is_current, w.document, w.wake_at, w.wake_interval_ms", *columns]
        )
        order = ", ".join(f"{number} {_direction(key)}" for number, key in enumerate(keys, start=6))
        return f"{self._attempts(chosen)} ORDER BY {order} LIMIT :size OFFSET :start"

    def _attempts(self, chosen: str) -> str:
        """Return what selects from current and earlier attempts, workflow by workflow."""
        current = chosen.replace("is_current", "true")
        earlier = chosen.replace("is_current", "false")
        return (
            f"SELECT {current} FROM workflows AS w CROSS JOIN tasks AS t USING (workflow_id) "  # noqa: S608  (fixed texts)
            f"WHERE {self._where} UNION ALL "
            f"SELECT {earlier} FROM workflows AS w CROSS JOIN attempts AS t USING (workflow_id) "
            f"WHERE {self._where} AND {_UNREPLACED}"
        )


def workflow_clause(query: WorkflowQuery, parameters: dict[str, object]) -> str:
    """Return the clause for the workflows that a query asks for; add its parameters."""
    clauses = _Clauses(WORKFLOW_COLUMNS, parameters, "w")
    return " AND ".join(_workflow_clauses(query, clauses)) or "true"


def _workflow_clauses(query: WorkflowQuery, clauses: "_Clauses") -> Iterator[str]:
    wanted: tuple[tuple[str, tuple[Value, ...] | None], ...] = (
        ("workflowType", query.names),
        ("workflowId", query.workflow_ids),
        ("correlationId", query.correlation_ids),
        ("parentWorkflowId", query.parent_workflow_ids),
        ("version", query.versions),
        ("status", query.statuses),
    )
    for field, values in wanted:
        if values is not None:
            yield clauses.one_of(field, values)
    bounds: tuple[tuple[str, int | None], ...] = (
        ("w.created_at > {}", query.started_after),
        ("w.created_at < {}", query.started_before),
        ("w.ended_at > 0 AND w.ended_at > {}", query.ended_after),
        ("w.ended_at > 0 AND w.ended_at < {}", query.ended_before),
    )
    for clause, bound in bounds:
        if bound is not None:
            yield clause.format(clauses.parameter(bound))
    if query.where is not None:
        yield clauses.of(query.where)
    if query.text is not None:
        yield clauses.containing(query.text, _WORKFLOW_TEXTS)


class _Clauses:
    """Makes clauses over some columns; none of them is ever NULL."""

    def __init__(
        self, columns: Mapping[str, str], parameters: dict[str, object], prefix: str
    ) -> None:
        self._columns = columns
        self._parameters = parameters
        self._prefix = prefix

    def parameter(self, value: object) -> str:
        """Return the name of a new parameter."""
        name = f"{self._prefix}{len(self._parameters)}"
        self._parameters[name] = value
        return f":{name}"

    def of(self, condition: Condition) -> str:
        """Return the clause of a condition."""
        match condition:
            case OneOf(field, values):
                return self.one_of(field, values)
            case Compared(field, sign, value):
                return f"ifnull({self._columns[field]} {sign} {self.parameter(value)}, false)"
            case StartsWith(field, prefix):
                start = self.parameter(prefix)
                column = self._columns[field]
                return f"ifnull(substr({column}, 1, length({start})) = {start}, false)"
            case IsNull(field):
                return f"(ifnull({self._columns[field]}, '') = '')"
            case Not(inner):
                return f"(NOT {self.of(inner)})"
            case AllOf(conditions):
                return f"({' AND '.join(map(self.of, conditions)) or 'true'})"
            case AnyOf(conditions):
                return f"({' OR '.join(map(self.of, conditions)) or 'false'})"
            case _:
                assert_never(condition)

    def one_of(self, field: str, values: tuple[Value, ...]) -> str:
        """Return the clause that a field has one of these values; ``*`` is any characters."""
        column = self._columns[field]
        exact = self.parameter(encode_json([each for each in values if not is_pattern(each)]))
        alternatives = [_ANY_OF.format(column=column, values=exact)]
        for value in values:
            if is_pattern(value):
                # GLOB, unlike LIKE, tells upper case from lower as the exact comparison does.
                pattern = self.parameter(str(value).translate(_GLOB_WILDCARDS))
                alternatives.append(f"{column} GLOB {pattern}")
        if "" in values:
            alternatives.append(f"{column} IS NULL")
        return f"ifnull({' OR '.join(alternatives)}, false)"

    def containing(self, text: str, fields: tuple[str, ...]) -> str:
        """Return the clause that one of some fields contains a text, in whatever case."""
        wanted = self.parameter(f"%{text.translate(_LIKE_WILDCARDS)}%")
        columns = [self._columns[field] for field in fields]
        alternatives = [rf"ifnull({column} LIKE {wanted} ESCAPE '\', false)" for column in columns]
        return f"({' OR '.join(alternatives)})"


def _order(order: tuple[Order, ...], columns: Mapping[str, str], identity: str) -> str:
    keys = (*order, Order(identity, order[-1].ascending))
    return ", ".join(f"{columns[key.field]} {_direction(key)}" for key in keys)


def _direction(order: Order) -> str:
    return "ASC" if order.ascending else "DESC"
