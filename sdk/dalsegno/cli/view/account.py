"""A readable account of an execution."""

import json
from collections.abc import Iterator, Sequence

from rich.text import Text

from dalsegno.cli.console import fact_lines
from dalsegno.cli.view.lines import tree_lines
from dalsegno.cli.view.reasons import reason
from dalsegno.cli.view.statuses import shown
from dalsegno.cli.view.times import both, duration
from dalsegno.cli.view.tree import tree_of_execution
from dalsegno.models import Workflow


def account(workflow: Workflow, *, width: int, now: int) -> list[Text]:
    """Return what there is to say of an execution: itself, then its steps."""
    return [*heading(workflow, now), *_steps(workflow, width, now)]


def heading(workflow: Workflow, now: int) -> list[Text]:
    """Return the first lines: which, how it stands, when, why, with what."""
    title = Text.assemble(
        (f"{workflow.workflow_name} v{workflow.workflow_version}", "bold"),
        "  ",
        shown(workflow.status),
        f" {_took(workflow, now)}",
    )
    return [title, *fact_lines(_facts(workflow, now))]


def _took(workflow: Workflow, now: int) -> str:
    span = duration((workflow.end_time or now) - workflow.create_time)
    return f"in {span}" if workflow.status.is_terminal else f"for {span}"


def _facts(workflow: Workflow, now: int) -> Sequence[tuple[str, str | None]]:
    return (
        ("id", workflow.workflow_id),
        ("correlation", workflow.correlation_id),
        ("parent", workflow.parent_workflow_id),
        ("started", both(workflow.create_time, now)),
        ("ended", both(workflow.end_time, now)),
        ("reason", _reason(workflow)),
        ("input", _payload(workflow.input)),
        ("output", _payload(workflow.output)),
        ("variables", _payload(workflow.variables)),
    )


def _reason(workflow: Workflow) -> str:
    return reason(workflow.reason_for_incompletion, workflow.failed_reference_task_names)


def _payload(value: object) -> str | None:
    return json.dumps(value, ensure_ascii=False) if value else None


def _steps(workflow: Workflow, width: int, now: int) -> Iterator[Text]:
    if lines := tree_lines(tree_of_execution(workflow), width=width, now=now):
        yield Text("")
        yield from lines
