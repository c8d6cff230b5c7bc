"""``rerun``, ``skip``, ``jump``, ``signal``, ``complete`` and ``variables``: one execution."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Exit, give_up, say, show_json
from dalsegno.cli.options import AsJson, OutputJson, Url, connect, json_object
from dalsegno.cli.workflow.arguments import Id, Ref

if TYPE_CHECKING:
    from dalsegno.client import Execution


class Ending(StrEnum):
    """How a task may be ended from outside."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    FAILED_WITH_TERMINAL_ERROR = "FAILED_WITH_TERMINAL_ERROR"


EndStatus: TypeAlias = Annotated[Ending, typer.Option("--status", help="How the task has ended.")]
_NO_TIME_SECONDS = 0.001
_OBJECT = "A JSON object, or @FILE that holds one; @- reads standard input."


def rerun(
    id: Id,
    task: Annotated[
        str | None,
        typer.Option(
            "--task", help="Where to begin: a reference name or a task id.", metavar="REF"
        ),
    ] = None,
    input: Annotated[
        str | None, typer.Option("--input", "-i", help=f"In place of the old one. {_OBJECT}")
    ] = None,
    task_input: Annotated[
        str | None, typer.Option("--task-input", help=f"For the task of --task. {_OBJECT}")
    ] = None,
    url: Url = None,
) -> None:
    """Run an ended execution again, from the beginning or from one of its tasks.

    [dim]dalsegno workflow rerun 0190f000-0000-7000-8000-000000000001 --task charge[/dim]
    """
    execution = connect(url).execution(id)
    execution.rerun(
        from_task_id=_task_id(execution, task) if task else None,
        input=None if input is None else json_object(input),
        task_input=None if task_input is None else json_object(task_input, "--task-input"),
    )
    say(f"rerun {id}")


def skip(
    id: Id,
    ref: Ref,
    output: OutputJson = "{}",
    url: Url = None,
) -> None:
    """Have a running execution step over a task that it has not reached yet.

    [dim]dalsegno workflow skip 0190f000-0000-7000-8000-000000000001 send_mail[/dim]
    """
    connect(url).execution(id).skip_task(ref, output=json_object(output, "--output"))
    say(f"{ref} will be skipped in {id}")


def jump(
    id: Id,
    ref: Ref,
    input: Annotated[str, typer.Option("--input", "-i", help=f"Of that task. {_OBJECT}")] = "{}",
    url: Url = None,
) -> None:
    """Have a running execution go on at another task, forwards or back.

    [dim]dalsegno workflow jump 0190f000-0000-7000-8000-000000000001 ship[/dim]
    """
    connect(url).execution(id).jump(ref, input=json_object(input))
    say(f"{id} goes on at {ref}")


def signal(
    id: Id, output: OutputJson = "{}", status: EndStatus = Ending.COMPLETED, url: Url = None
) -> None:
    """End the task that an execution waits at, with an output.

    [dim]dalsegno workflow signal 0190f000-0000-7000-8000-000000000001 -o '{"approved": true}'[/dim]
    """
    from dalsegno.models import TaskResultStatus

    given = json_object(output, "--output")
    # With a wait, however short, a signal to an execution that waits for none is told.
    connect(url).execution(id).signal_and_wait(
        given, TaskResultStatus(status), wait_seconds=_NO_TIME_SECONDS
    )
    say(f"signalled {id}")


def complete(
    id: Id,
    ref: Ref,
    output: OutputJson = "{}",
    status: EndStatus = Ending.COMPLETED,
    url: Url = None,
) -> None:
    """End the open task with a reference name, as its worker would.

    [dim]dalsegno workflow complete 0190f000-0000-7000-8000-000000000001 approve[/dim]
    """
    from dalsegno.models import TaskResultStatus

    given = json_object(output, "--output")
    connect(url).execution(id).complete_task(ref, given, status=TaskResultStatus(status))
    say(f"{ref} of {id} is {status}")


def variables(
    id: Id,
    changes: Annotated[
        str | None, typer.Option("--set", "-s", help=f"Merged into them. {_OBJECT}", metavar="JSON")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the variables of an execution; or change them, while it runs.

    [dim]dalsegno workflow variables 0190f000-0000-7000-8000-000000000001 -s '{"limit": 500}'[/dim]
    """
    execution = connect(url).execution(id)
    if changes is not None:
        execution.set_variables(json_object(changes, "--set"))
    show_json(execution.get(include_tasks=False).variables)


def _task_id(execution: "Execution", task: str) -> str:
    """Return the id of a task that is named by its reference name, or by its id."""
    found = execution.get().tasks
    for each in reversed(found):
        if task in {each.reference_task_name, each.task_id}:
            return each.task_id
    reached = ", ".join(dict.fromkeys(each.reference_task_name for each in found))
    give_up(f"{execution.id} has not reached {task}; it has: {reached}", Exit.NOT_FOUND)
