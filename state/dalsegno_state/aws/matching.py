"""Which workflows and tasks a query asks for: pure comparisons."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from dalsegno_state.conditions import holds, is_any_of
from dalsegno_state.execution import Payload, WorkflowState
from dalsegno_state.ports import FoundTask, TaskQuery, WorkflowQuery
from dalsegno_state.search_fields import TASK_FIELDS, WORKFLOW_FIELDS, searched_text

Test: TypeAlias = Callable[[WorkflowState], bool]


def matches(query: WorkflowQuery, workflow: WorkflowState) -> bool:
    """Return whether a workflow is among those a query asks for."""
    return all(test(workflow) for test in _tests(query))


def task_matches(query: TaskQuery, found: FoundTask) -> bool:
    """Return whether an attempt is among those a query asks for, its workflow aside."""
    if query.task_ids is not None and found.task.task_id not in query.task_ids:
        return False
    if query.text is not None and not _contains(query.text, _texts_of_task(found)):
        return False
    return query.where is None or holds(query.where, lambda name: TASK_FIELDS[name].of(found))


def _tests(query: WorkflowQuery) -> Iterator[Test]:
    yield from _text_tests(query)
    yield from _time_tests(query)
    if (versions := query.versions) is not None:
        yield lambda workflow: workflow.version in versions
    if (statuses := query.statuses) is not None:
        yield lambda workflow: workflow.status in statuses
    if (where := query.where) is not None:
        yield lambda workflow: holds(where, lambda name: WORKFLOW_FIELDS[name].of(workflow))
    if (wanted := query.text) is not None:
        yield lambda workflow: _contains(wanted, _texts(workflow))


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
    """Return whether a value is one of several; the empty one stands for having none."""
    if value is None:
        return "" in values
    return is_any_of(value, values)


def _contains(wanted: str, texts: Iterator[str]) -> bool:
    return any(wanted.lower() in text.lower() for text in texts)


def _texts(workflow: WorkflowState) -> Iterator[str]:
    yield workflow.workflow_id
    yield workflow.name
    yield workflow.correlation_id or ""
    yield workflow.parent_workflow_id or ""
    yield from _payload_texts(workflow, workflow.input, workflow.output)


def _texts_of_task(found: FoundTask) -> Iterator[str]:
    task = found.task
    yield from (task.task_id, task.ref, task.task_type, task.name, task.reason or "")
    yield from (found.workflow.workflow_id, found.workflow.name)
    yield from _payload_texts(found.workflow, task.input, task.output)


def _payload_texts(workflow: WorkflowState, *payloads: Payload) -> Iterator[str]:
    for payload in payloads:
        yield searched_text(payload, workflow) or ""
