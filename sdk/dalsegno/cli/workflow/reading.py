"""``get``, ``export`` and ``diagram``."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import Exit, emit, give_up, out, remark, say, show_json
from dalsegno.cli.definition.arguments import is_file
from dalsegno.cli.options import AsJson, Url, connect
from dalsegno.cli.suggestions import workflow_names
from dalsegno.cli.view.times import now_millis
from dalsegno.cli.workflow.arguments import Id
from dalsegno.printable import printable_json

if TYPE_CHECKING:
    from dalsegno.models import Workflow, WorkflowDef


class Drawing(StrEnum):
    """How a diagram is drawn."""

    TEXT = "text"
    MERMAID = "mermaid"


def get(
    id: Id,
    tasks: Annotated[bool, typer.Option(help="Show the tasks, too.")] = True,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show an execution: status, times, and its steps with attempts, durations and reasons.

    [dim]dalsegno workflow get 0190f000-0000-7000-8000-000000000001[/dim]
    """
    found = connect(url).execution(id).get(include_tasks=tasks)
    show_json(found.to_wire()) if as_json else show_account(found, tasks=tasks)


def export(
    id: Id,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; standard output unless given."),
    ] = None,
    url: Url = None,
) -> None:
    """Write an execution with all its tasks as JSON: the golden history of a test.

    [dim]dalsegno workflow export 0190f000-0000-7000-8000-000000000001 -o tests/order.json[/dim]
    """
    found = connect(url).execution(id).get()
    text = json.dumps(found.to_wire(), indent=2, ensure_ascii=False) + "\n"
    if output is None:
        emit(printable_json(text))
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from None
    remark(f"wrote {found.workflow_name} with {len(found.tasks)} tasks to {output}")


def diagram(
    what: Annotated[
        str,
        typer.Argument(
            help="Name of a workflow, id of an execution, or a definition's file.",
            metavar="NAME|ID|FILE",
            autocompletion=workflow_names,
        ),
    ],
    version: Annotated[
        int | None, typer.Option("--version", "-v", help="The highest unless given.", metavar="N")
    ] = None,
    drawing: Annotated[
        Drawing, typer.Option("--as", help="A tree as text, or a Mermaid flow chart.")
    ] = Drawing.TEXT,
    url: Url = None,
) -> None:
    """Draw a definition, or an execution with the status of each step.

    [dim]dalsegno workflow diagram order_processing --as mermaid > order.mmd[/dim]
    """
    definition, execution = _meant(what, version, url)
    if drawing is Drawing.MERMAID:
        from dalsegno.cli.view.mermaid import mermaid

        emit(mermaid(definition, execution))
    elif execution:
        show_account(execution)
    else:
        from dalsegno.cli.view.lines import outline
        from dalsegno.cli.view.tree import tree_of_definition

        lines = [f"{definition.name} v{definition.version}"]
        lines += outline(tree_of_definition(definition))
        say("\n".join(lines))


def show_account(workflow: "Workflow", *, tasks: bool = True) -> None:
    """Print a readable account of an execution."""
    from dalsegno.cli.view.account import account, heading

    console, now = out(), now_millis()
    lines = account(workflow, width=console.width, now=now) if tasks else heading(workflow, now)
    for line in lines:
        console.print(line)


def _meant(
    what: str, version: int | None, url: str | None
) -> "tuple[WorkflowDef, Workflow | None]":
    """Return the definition that is to be drawn, and the execution if it is one's."""
    if is_file(what) and Path(what).exists():
        from dalsegno.cli.definition.files import the_workflow_in

        return the_workflow_in(Path(what)), None
    from dalsegno.errors import NotFoundError

    client = connect(url)
    try:
        definition = client.definitions.workflows.get(what, version)
    except NotFoundError:
        pass
    else:
        return definition, None
    try:
        execution = client.execution(what).get()
    except NotFoundError:
        give_up(f"there is no workflow and no execution called {what}", Exit.NOT_FOUND)
    return execution.workflow_definition, execution
