"""``dalsegno task``: tasks as workers and operators see them."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Column, Exit, give_up, out, remark, say, show_json, show_table
from dalsegno.cli.options import AsJson, Limit, OutputJson, Url, connect, json_object
from dalsegno.cli.search import joined, one_of, started_since, with_epochs
from dalsegno.cli.suggestions import task_types
from dalsegno.cli.view.statuses import colour, sign, word
from dalsegno.cli.view.times import duration, local, millis_of, now_millis, relative

if TYPE_CHECKING:
    from rich.text import Text

    from dalsegno.models import TaskSummary

app = typer.Typer(help="Look at tasks, and do by hand what workers do.", no_args_is_help=True)

TaskId: TypeAlias = Annotated[str, typer.Argument(help="Of the attempt.", metavar="ID")]
Type: TypeAlias = Annotated[
    str,
    typer.Argument(help="Name of the task definition.", metavar="TYPE", autocompletion=task_types),
]
WorkerId: TypeAlias = Annotated[str, typer.Option("--worker-id", help="Who asks.", metavar="NAME")]

_COLUMNS = (
    Column("task"),
    Column("id", whole=True),
    Column("scheduled", whole=True),
    Column("status", wide=True, whole=True),
    Column("took", wide=True, whole=True, right=True),
    Column("workflow", wide=True, cut=True),
    Column("reason", wide=True, cut=True),
)


class Failure(StrEnum):
    """How a task may fail."""

    FAILED = "FAILED"
    FAILED_WITH_TERMINAL_ERROR = "FAILED_WITH_TERMINAL_ERROR"


@app.command()
def get(id: TaskId, url: Url = None, as_json: AsJson = False) -> None:
    """Show one attempt of a task.

    [dim]dalsegno task get 0190f000-0000-7000-8000-000000000001[/dim]
    """
    task = connect(url).tasks.get(id)
    if as_json:
        show_json(task.to_wire())
        return
    from dalsegno.cli.view.attempt import attempt

    for line in attempt(task, now_millis()):
        out().print(line)


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(help="In the search language; all unless given.", metavar="[QUERY]")
    ] = "",
    type: Annotated[
        list[str] | None,
        typer.Option(
            "--type",
            help="May be given several times.",
            metavar="TYPE",
            autocompletion=task_types,
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Such as SCHEDULED; may be given several times."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="Scheduled since: 30m, 2h, 7d ago, or a date.", metavar="TIME"
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="To be found in ids, inputs and outputs.")
    ] = None,
    limit: Limit = 50,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Search tasks of all executions.

    [dim]dalsegno task search --type charge_card --status FAILED --since 1h[/dim]
    """
    asked = joined(
        f"({query})" if query else "",
        one_of("taskDefName", type),
        one_of("status", [each.upper() for each in status or ()]),
        started_since("scheduledTime", since),
    )
    found = list(islice(connect(url).tasks.search(asked, free_text=text), limit))
    if as_json:
        show_json([with_epochs(hit.to_wire()) for hit in found])
    elif found:
        show_table(_COLUMNS, _rows(found))
    else:
        remark("no tasks found")


@app.command()
def poll(
    type: Type,
    count: Annotated[int, typer.Option("--count", "-n", min=1, help="At most so many.")] = 1,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to wait for the first.")
    ] = 1.0,
    worker_id: WorkerId = "dalsegno-cli",
    domain: Annotated[str | None, typer.Option("--domain", help="Of the queue.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Take tasks as a worker does: they are yours until you complete or fail them.

    [dim]dalsegno task poll charge_card[/dim]
    """
    taken = connect(url).tasks.poll(
        type, count=count, wait_seconds=wait, worker_id=worker_id, domain=domain
    )
    if as_json:
        show_json([task.to_wire() for task in taken])
        return
    if not taken:
        remark(f"no {type} waits for a worker")
    from dalsegno.cli.view.attempt import attempt

    for task in taken:
        for line in attempt(task, now_millis()):
            out().print(line)


@app.command()
def complete(id: TaskId, output: OutputJson = "{}", url: Url = None) -> None:
    """Report a task done, with its output.

    [dim]dalsegno task complete 0190f000-0000-7000-8000-000000000001 -o '{"receipt": "R-1"}'[/dim]
    """
    _report(url, id, "COMPLETED", None, output)


@app.command()
def fail(
    id: TaskId,
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why it failed.")] = "",
    terminal: Annotated[
        bool, typer.Option("--terminal", help="For good: it is not tried again.")
    ] = False,
    output: OutputJson = "{}",
    url: Url = None,
) -> None:
    """Report a task failed; it is tried again if its definition says so.

    [dim]dalsegno task fail 0190f000-0000-7000-8000-000000000001 -r stolen --terminal[/dim]
    """
    status = Failure.FAILED_WITH_TERMINAL_ERROR if terminal else Failure.FAILED
    _report(url, id, status, reason or None, output)


@app.command()
def logs(id: TaskId, url: Url = None, as_json: AsJson = False) -> None:
    """Show the log of a task.

    [dim]dalsegno task logs 0190f000-0000-7000-8000-000000000001[/dim]
    """
    found = connect(url).tasks.logs(id)
    if as_json:
        show_json([line.to_wire() for line in found])
        return
    for line in found:
        say(f"{local(line.created_time)}  {line.log or ''}")
    if not found:
        remark("the log is empty")


@app.command()
def log(
    id: TaskId,
    line: Annotated[str, typer.Argument(help="What is to be kept.", metavar="TEXT")],
    url: Url = None,
) -> None:
    """Add a line to the log of a task.

    [dim]dalsegno task log 0190f000-0000-7000-8000-000000000001 "called the bank"[/dim]
    """
    connect(url).tasks.log(id, line)


def _report(url: str | None, task_id: str, status: str, reason: str | None, output: str) -> None:
    from dalsegno.models import TaskResult, TaskResultStatus

    given = json_object(output, "--output")
    client = connect(url)
    task = client.tasks.get(task_id)
    if task.status.is_terminal:
        give_up(f"task {task_id} has ended before: it is {task.status}", Exit.REFUSED)
    result = TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task_id,
        status=TaskResultStatus(status),
        reason_for_incompletion=reason,
        worker_id=task.worker_id,
        output_data=given,
    )
    client.tasks.update(result)
    say(f"{task.reference_task_name} of {task.workflow_instance_id} is {status}")


def _rows(hits: "Iterable[TaskSummary]") -> "Iterable[Sequence[str | Text]]":
    from rich.text import Text

    now = now_millis()
    for hit in hits:
        name = hit.task_def_name or hit.task_type
        yield (
            Text(f"{sign(hit.status)} {name}", style=colour(hit.status)),
            hit.task_id,
            relative(millis_of(hit.scheduled_time), now),
            word(hit.status),
            duration(hit.execution_time) if hit.end_time else "",
            hit.workflow_type,
            hit.reason_for_incompletion or "",
        )
