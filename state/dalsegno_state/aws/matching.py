"""Which workflows a query asks for, and in what order: pure comparisons."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, TypeAlias

from dalsegno_state.aws.codec import encode_json
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import WorkflowQuery

Test: TypeAlias = Callable[[WorkflowState], bool]

_ORDERS: Final[dict[str, Callable[[WorkflowState], tuple[str | int, ...]]]] = {
    "workflowId": lambda workflow: (workflow.workflow_id,),
    "workflowType": lambda workflow: (workflow.name,),
    "startTime": lambda workflow: (workflow.created_at,),
    "endTime": lambda workflow: (workflow.ended_at,),
    "updateTime": lambda workflow: (workflow.updated_at,),
    "status": lambda workflow: (workflow.status.value,),
    "correlationId": lambda workflow: (
        workflow.correlation_id is not None,
        workflow.correlation_id or "",
    ),
}


def check_order(query: WorkflowQuery) -> None:
    """Raise ValueError if a query is ordered by something workflows cannot be ordered by."""
    if query.order_by not in _ORDERS:
        raise ValueError(f"workflows cannot be ordered by {query.order_by!r}")


def ordered(query: WorkflowQuery, workflows: list[WorkflowState]) -> list[WorkflowState]:
    """Return workflows in the order a query asks for."""
    order = _ORDERS[query.order_by]
    return sorted(
        workflows,
        key=lambda workflow: (*order(workflow), workflow.workflow_id),
        reverse=not query.ascending,
    )


def matches(query: WorkflowQuery, workflow: WorkflowState) -> bool:
    """Return whether a workflow is among those a query asks for."""
    return all(test(workflow) for test in _tests(query))


def is_pattern(value: str) -> bool:
    """Return whether a value asked for stands for many."""
    return "*" in value


@cache
def any_matching(values: tuple[str, ...]) -> re.Pattern[str]:
    """Return the pattern of texts that are one of the values; ``*`` is any characters."""
    alternatives = (re.escape(value).replace(r"\*", ".*") for value in values)
    return re.compile("|".join(alternatives) if values else r"(?!)", re.DOTALL)


def _tests(query: WorkflowQuery) -> Iterator[Test]:
    yield from _text_tests(query)
    yield from _time_tests(query)
    if (versions := query.versions) is not None:
        yield lambda workflow: workflow.version in versions
    if (statuses := query.statuses) is not None:
        yield lambda workflow: workflow.status in statuses
    if (wanted := query.text) is not None:
        yield lambda workflow: any(wanted.lower() in found.lower() for found in _texts(workflow))


def _text_tests(query: WorkflowQuery) -> Iterator[Test]:
    if (names := query.names) is not None:
        yield lambda workflow: _is_any(workflow.name, names)
    if (workflow_ids := query.workflow_ids) is not None:
        yield lambda workflow: _is_any(workflow.workflow_id, workflow_ids)
    if (correlation_ids := query.correlation_ids) is not None:
        yield lambda workflow: _is_any(workflow.correlation_id, correlation_ids)
    if (parents := query.parent_workflow_ids) is not None:
        yield lambda workflow: _is_any(workflow.parent_workflow_id, parents)


def _time_tests(query: WorkflowQuery) -> Iterator[Test]:
    if (started_after := query.started_after) is not None:
        yield lambda workflow: workflow.created_at > started_after
    if (started_before := query.started_before) is not None:
        yield lambda workflow: workflow.created_at < started_before
    if (ended_after := query.ended_after) is not None:
        yield lambda workflow: workflow.ended_at > max(0, ended_after)
    if (ended_before := query.ended_before) is not None:
        yield lambda workflow: 0 < workflow.ended_at < ended_before


def _is_any(value: str | None, values: tuple[str, ...]) -> bool:
    return value is not None and any_matching(values).fullmatch(value) is not None


def _texts(workflow: WorkflowState) -> Iterator[str]:
    yield workflow.workflow_id
    yield workflow.name
    yield workflow.correlation_id or ""
    yield workflow.parent_workflow_id or ""
    for payload in (workflow.input, workflow.output):
        if isinstance(payload, dict):
            yield encode_json(payload)
