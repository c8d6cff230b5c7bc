"""What a search asks the stores for: what indexes can serve apart, the rest as a condition."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from dalsegno.errors import InvalidRequestError
from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_state.conditions import (
    Compared,
    Condition,
    Not,
    OneOf,
    StartsWith,
    all_of,
    conjuncts,
    is_pattern,
)
from dalsegno_state.ports import Order, TaskQuery, WorkflowQuery
from dalsegno_state.search_fields import TASK_FIELDS, WORKFLOW_FIELDS, Field, field_name
from dalsegno_state.search_language import parse

_T = TypeVar("_T")

_TEXTS: Final = {
    "workflowType": "names",
    "workflowId": "workflow_ids",
    "correlationId": "correlation_ids",
    "parentWorkflowId": "parent_workflow_ids",
    "version": "versions",
}
_TIMES: Final = {
    "startTime": ("started_after", "started_before"),
    "endTime": ("ended_after", "ended_before"),
}
_OF_WORKFLOWS: Final = {
    "workflowId": "workflowId",
    "workflowType": "workflowType",
    "correlationId": "correlationId",
    "workflowStartTime": "startTime",
}
_OPEN_TASKS: Final = frozenset({TaskStatus.SCHEDULED, TaskStatus.IN_PROGRESS})
OPEN_WORKFLOWS: Final = (WorkflowStatus.RUNNING, WorkflowStatus.PAUSED)


def workflow_query(
    query: str | None,
    *,
    sort: str | None = None,
    free_text: str | None = None,
    classifiers: Iterable[str] = (),
    top_level_only: bool = False,
    start: int = 0,
    size: int = 100,
) -> WorkflowQuery:
    """Return the search for workflows that a request asks for.

    Args:
        query: See ``search_language``; None or blank for all workflows.
        sort: Options ``field:ASC`` or ``field:DESC`` joined by ``|``; ascending unless it says.
        free_text: Words to be found; None or ``*`` for all workflows.
        classifiers: Kinds of workflows; all if there are none.
        top_level_only: Leave out sub-workflows.
        start: How many hits to leave out.
        size: How many hits to return at most.

    Raises:
        InvalidRequestError: A clause or an option is malformed or names an unknown field.
    """
    found = WorkflowQuery(
        start=start, size=size, text=_text(free_text), order=_order(sort, WORKFLOW_FIELDS)
    )
    found = narrowed(found, parse(query or "", WORKFLOW_FIELDS))
    if top_level_only:
        found = narrowed(found, OneOf("parentWorkflowId", ("",)))
    kinds = tuple(classifiers)
    return narrowed(found, OneOf("classifier", kinds)) if kinds else found


def task_query(
    query: str | None,
    *,
    sort: str | None = None,
    free_text: str | None = None,
    start: int = 0,
    size: int = 100,
) -> TaskQuery:
    """Return the search for task attempts that a request asks for. See ``workflow_query``."""
    where = parse(query or "", TASK_FIELDS)
    workflows, task_ids = WorkflowQuery(), None
    for each in conjuncts(where):
        if isinstance(each, OneOf) and each.field == "taskId":
            texts = cast(tuple[str, ...], each.values)
            task_ids = task_ids if any(map(is_pattern, texts)) else _both(task_ids, texts)
        elif isinstance(each, OneOf) and each.field == "status" and {*each.values} <= _OPEN_TASKS:
            workflows = replace(workflows, statuses=OPEN_WORKFLOWS)
        elif isinstance(each, OneOf | Compared | StartsWith) and each.field in _OF_WORKFLOWS:
            of_workflow = replace(each, field=_OF_WORKFLOWS[each.field])
            workflows = narrowed(workflows, of_workflow)
    return TaskQuery(
        workflows=workflows,
        task_ids=task_ids,
        where=where,
        text=_text(free_text),
        order=_order(sort, TASK_FIELDS),
        start=start,
        size=size,
    )


def narrowed(query: WorkflowQuery, condition: Condition | None) -> WorkflowQuery:
    """Return the search narrowed by a condition."""
    rest = []
    for each in conjuncts(condition):
        narrower = _narrowed_by(query, each)
        if narrower is None:
            rest.append(each)
        else:
            query = narrower
    return replace(query, where=all_of(query.where, *rest))


def _narrowed_by(query: WorkflowQuery, condition: Condition) -> WorkflowQuery | None:
    """Return the search narrowed by a simple condition; None if it must be looked at apart."""
    match condition:
        case OneOf("status", values):
            return _of_statuses(query, {WorkflowStatus(str(value)) for value in values})
        case Not(OneOf("status", values)):
            return _of_statuses(query, set(WorkflowStatus) - {*values})
        case OneOf(field, values) if field in _TEXTS:
            known = getattr(query, _TEXTS[field])
            if known is not None and any(map(is_pattern, (*known, *values))):
                return None
            return _with(query, _TEXTS[field], _both(known, values))
        case StartsWith("workflowType", prefix) if query.names is None and "*" not in prefix:
            return replace(query, names=(f"{prefix}*",))
        case OneOf(field, (int(time),)) if field in _TIMES:
            return _in_window(query, field, time - 1, time + 1)
        case Compared(field, sign, time) if field in _TIMES:
            after = time - (sign == ">=") if sign in {">", ">="} else None
            before = time + (sign == "<=") if sign in {"<", "<="} else None
            return _in_window(query, field, after, before)
        case _:
            return None


def _of_statuses(query: WorkflowQuery, asked: set[WorkflowStatus]) -> WorkflowQuery:
    statuses = tuple(status for status in WorkflowStatus if status in asked)
    return replace(query, statuses=_both(query.statuses, statuses))


def _in_window(
    query: WorkflowQuery, field: str, after: int | None, before: int | None
) -> WorkflowQuery:
    """Return the search narrowed to a window of time, both of whose ends lie outside."""
    lower, upper = _TIMES[field]
    if after is not None:
        known = getattr(query, lower)
        query = _with(query, lower, after if known is None else max(known, after))
    if before is not None:
        known = getattr(query, upper)
        query = _with(query, upper, before if known is None else min(known, before))
    return query


def _with(query: WorkflowQuery, name: str, value: object) -> WorkflowQuery:
    return replace(query, **cast(Any, {name: value}))


def _both(known: tuple[_T, ...] | None, asked: tuple[_T, ...]) -> tuple[_T, ...]:
    """Return what satisfies two conditions on the same field."""
    return asked if known is None else tuple(value for value in known if value in asked)


def _text(free_text: str | None) -> str | None:
    text = (free_text or "").strip()
    return None if text in {"", "*"} else text


def _order(sort: str | None, fields: Mapping[str, Field[Any]]) -> tuple[Order, ...]:
    if not sort:
        return (Order("startTime", ascending=False),)
    return tuple(_sorted_by(option.strip(), fields) for option in sort.split("|"))


def _sorted_by(option: str, fields: Mapping[str, Field[Any]]) -> Order:
    given, _, direction = option.partition(":")
    name = field_name(given, fields)
    if name not in fields or not fields[name].is_sortable:
        known = ", ".join(sorted(name for name, field in fields.items() if field.is_sortable))
        raise InvalidRequestError(f"sort: unknown field {name}, known are {known}")
    if direction.upper() not in {"", "ASC", "DESC"}:
        raise InvalidRequestError(f"sort: expected {name}:ASC or {name}:DESC, got {option}")
    return Order(name, ascending=direction.upper() != "DESC")
