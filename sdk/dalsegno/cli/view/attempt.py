"""A readable account of one attempt of a task."""

import json
from collections.abc import Sequence

from rich.text import Text

from dalsegno.cli.console import fact_lines
from dalsegno.cli.view.statuses import shown
from dalsegno.cli.view.times import both, duration
from dalsegno.models import Task


def attempt(task: Task, now: int) -> list[Text]:
    """Return what there is to say of an attempt."""
    title = Text.assemble((task.reference_task_name, "bold"), "  ", shown(task.status))
    return [title, *fact_lines(_facts(task, now))]


def _facts(task: Task, now: int) -> Sequence[tuple[str, str | None]]:
    has_ended = task.end_time and task.start_time
    return (
        ("id", task.task_id),
        ("type", f"{task.task_type} {_other_name(task)}".rstrip()),
        ("workflow", f"{task.workflow_type} {task.workflow_instance_id}"),
        ("attempt", str(task.retry_count + 1)),
        ("worker", task.worker_id),
        ("domain", task.domain),
        ("scheduled", both(task.scheduled_time, now)),
        ("started", both(task.start_time, now)),
        ("ended", both(task.end_time, now)),
        ("took", duration(task.end_time - task.start_time) if has_ended else None),
        ("reason", task.reason_for_incompletion),
        ("sub-workflow", task.sub_workflow_id),
        ("input", _payload(task.input_data)),
        ("output", _payload(task.output_data)),
    )


def _other_name(task: Task) -> str:
    return task.task_def_name if task.task_def_name != task.task_type else ""


def _payload(value: object) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None
