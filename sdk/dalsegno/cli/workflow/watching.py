"""``watch``."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import out, say, show_json
from dalsegno.cli.options import AsJson, Url, connect
from dalsegno.cli.view.times import clock, duration, now_millis
from dalsegno.cli.workflow.arguments import Id
from dalsegno.cli.workflow.starting import exit_of

if TYPE_CHECKING:
    from rich.console import Console

    from dalsegno.models import JsonObject, Workflow


def watch(
    id: Id,
    interval: Annotated[
        float,
        typer.Option("--interval", min=0.05, help="Seconds between looks.", metavar="SECONDS"),
    ] = 1.0,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Watch an execution until it ends: a live tree at a terminal, a line per change elsewhere.

    Ends with status 3 if the execution did not complete.

    [dim]dalsegno workflow watch $(dalsegno workflow start order_processing)[/dim]
    """
    looks = _looks(id, interval, url)
    console = out()
    if as_json:
        last = _print_changes(looks, as_json=True)
    elif console.is_terminal and not console.is_dumb_terminal:
        last = _show_live(looks, console)
    else:
        last = _print_changes(looks, as_json=False)
    raise typer.Exit(exit_of(last))


def _looks(workflow_id: str, interval_seconds: float, url: str | None) -> "Iterator[Workflow]":
    """Yield the execution as it stands again and again, at last as it has ended."""
    execution = connect(url).execution(workflow_id)
    while True:
        workflow = execution.get()
        yield workflow
        if workflow.status.is_terminal:
            return
        time.sleep(interval_seconds)


def _show_live(looks: "Iterator[Workflow]", console: "Console") -> "Workflow":
    from rich.console import Group
    from rich.live import Live

    from dalsegno.cli.view.account import account

    def shown(workflow: "Workflow") -> Group:
        return Group(*account(workflow, width=console.width, now=now_millis()))

    workflow = next(looks)
    with Live(shown(workflow), console=console, auto_refresh=False, transient=True) as live:
        for workflow in looks:
            live.update(shown(workflow), refresh=True)
    console.print(shown(workflow))  # whole, even if it is longer than the screen
    return workflow


def _print_changes(looks: "Iterator[Workflow]", *, as_json: bool) -> "Workflow":
    from dalsegno.models import WorkflowStatus

    known: dict[str, str] = {}
    status: WorkflowStatus | None = None
    for workflow in looks:
        changes = sorted(_task_changes(workflow, known), key=_time_of)
        if workflow.status is not status:
            status = workflow.status
            where = len(changes) if status.is_terminal else 0
            changes.insert(where, _workflow_change(workflow))
        for change in changes:
            show_json(change) if as_json else say(_line(change))
    return workflow


def _task_changes(workflow: "Workflow", known: dict[str, str]) -> "Iterator[JsonObject]":
    """Yield what has changed of the tasks since ``known``, which is brought up to date."""
    for task in workflow.tasks:
        if known.get(task.task_id) == task.status:
            continue
        known[task.task_id] = task.status
        at = task.end_time or task.start_time or task.scheduled_time
        yield {
            "time": at,
            "task": task.reference_task_name,
            "taskId": task.task_id,
            "attempt": task.retry_count + 1,
            "status": task.status,
            "millis": max(0, task.end_time - (task.start_time or task.end_time)),
            "reason": task.reason_for_incompletion,
        }


def _workflow_change(workflow: "Workflow") -> "JsonObject":
    has_ended = workflow.status.is_terminal
    return {
        "time": workflow.end_time if has_ended else workflow.create_time,
        "workflow": workflow.workflow_name,
        "workflowId": workflow.workflow_id,
        "status": workflow.status,
        "millis": workflow.end_time - workflow.create_time if has_ended else 0,
        "reason": workflow.reason_for_incompletion,
    }


def _time_of(change: "JsonObject") -> int:
    at = change["time"]
    return at if isinstance(at, int) else 0


def _line(change: "JsonObject") -> str:
    millis = change["millis"]
    name = str(change.get("task") or change.get("workflow"))
    attempt = f" (attempt {change['attempt']})" if change.get("attempt", 1) != 1 else ""
    took = f" after {duration(millis)}" if isinstance(millis, int) and millis else ""
    reason = f": {change['reason']}" if change["reason"] else ""
    return f"{clock(_time_of(change))}  {name:<24} {change['status']}{took}{attempt}{reason}"
