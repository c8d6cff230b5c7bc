"""What has happened in a run, as a table in plain text."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from dalsegno.models import EpochMillis, JsonValue, Task, TaskStatus, Workflow

_WIDEST: Final = 72
_UNITS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms"))


def report_of(workflow: Workflow, find: Callable[[str], Workflow]) -> str:
    """Return a line for the workflow and one for each attempt, those of its children indented.

    Args:
        workflow: With its tasks.
        find: Returns another workflow by its id.
    """
    rows = [
        (*row[:3], _cut(_readable(row[3], workflow)))
        for row in _rows(workflow, find, workflow.create_time, "")
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = ["  ".join(["", *map(str.ljust, row[:3], widths), row[3]]).rstrip() for row in rows]
    return "\n".join([_headline(workflow), *lines])


def _headline(workflow: Workflow) -> str:
    name = f"{workflow.workflow_name} {workflow.workflow_version}: {workflow.status}"
    took = workflow.end_time - workflow.create_time if workflow.end_time else 0
    after = f" after {duration_text(took)}" if workflow.end_time else ""
    reason = f": {workflow.reason_for_incompletion}" if workflow.reason_for_incompletion else ""
    return f"{name}{after}{_readable(reason, workflow)}"


def _readable(text: str, workflow: Workflow) -> str:
    """Return a text in which tasks go by their names."""
    for task in workflow.tasks:
        text = text.replace(task.task_id, task.reference_task_name)
    return text


def _rows(
    workflow: Workflow, find: Callable[[str], Workflow], began_at: EpochMillis, indent: str
) -> Iterator[tuple[str, str, str, str]]:
    for task in workflow.tasks:
        at = task.start_time or task.end_time or task.scheduled_time
        attempt = f" #{task.retry_count + 1}" if task.retry_count else ""
        kind = "" if task.task_type == task.reference_task_name else f" ({task.task_type})"
        name = f"{indent}{task.reference_task_name}{kind}{attempt}"
        yield f"+{duration_text(at - began_at)}", name, task.status.value, _remark(task)
        child_id = started_by(task)
        if child_id is not None:
            yield from _rows(find(child_id), find, began_at, indent + "  ")


def started_by(task: Task) -> str | None:
    """Return the id of the workflow that a task has started, or None."""
    started = task.output_data.get("workflowId") if task.task_type == "START_WORKFLOW" else None
    return started if isinstance(started, str) else task.sub_workflow_id


def _remark(task: Task) -> str:
    """Return what is to be said of an attempt: its reason, its output, or whom it waits for."""
    if task.reason_for_incompletion:
        return task.reason_for_incompletion
    if task.status is TaskStatus.IN_PROGRESS and task.task_type in ("HUMAN", "WAIT"):
        ref = task.reference_task_name
        return f'waits: run.signal("{ref}", {{...}}), or .mock("{ref}", {{...}})'
    if not task.status.is_terminal:
        return "" if task.start_time == 0 else "was taken, and not answered yet"
    return _json(task.output_data) if task.output_data else ""


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 3] + "..."


def duration_text(millis: int) -> str:
    """Return a duration in its two largest units, such as ``2 d 3 h``."""
    parts = []
    for size, unit in _UNITS:
        number, millis = divmod(millis, size)
        if number:
            parts.append(f"{number} {unit}")
    return " ".join(parts[:2]) or "0 s"
