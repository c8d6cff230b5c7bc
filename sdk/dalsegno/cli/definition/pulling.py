"""``pull``: from the server to files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from dalsegno.cli.console import counting, say
from dalsegno.cli.definition.arguments import Format
from dalsegno.cli.options import Url, connect
from dalsegno.cli.suggestions import workflow_names

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno
    from dalsegno.models import TaskDef, WorkflowDef, WorkflowTask


def pull(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            help="Of workflows; all unless given.",
            metavar="[NAME]...",
            autocompletion=workflow_names,
        ),
    ] = None,
    to: Annotated[
        Path, typer.Option("--to", "-o", file_okay=False, help="Folder to write to.")
    ] = Path("."),
    format: Annotated[Format, typer.Option("--format", "-f", help="Of the files.")] = Format.JSON,
    versions: Annotated[
        bool, typer.Option("--all-versions", help="Not only the highest of each.")
    ] = False,
    tasks: Annotated[
        bool, typer.Option(help="The task definitions, too: all, or those that are used.")
    ] = True,
    url: Url = None,
) -> None:
    """Write the server's definitions to files, one each, as `push` takes them.

    [dim]dalsegno def pull order_processing --to workflows --format yaml[/dim]
    """
    from dalsegno.cli.definition.comparing import title

    client = connect(url)
    workflows = _workflows(client, names, versions=versions)
    task_defs = _task_defs(client, workflows if names else None) if tasks else []
    paths: list[tuple[Path, WorkflowDef | TaskDef]]
    paths = [(to / f"{_file_name(each, versions)}.{format}", each) for each in workflows]
    paths += [(to / "tasks" / f"{_safe(each.name)}.{format}", each) for each in task_defs]
    with counting("writing", len(paths)) as advance:
        for path, definition in paths:
            told = _write(path, definition, format)
            say(f"{told:<9} {path}  ({title(definition)})")
            advance(1)


def _workflows(
    client: "Dalsegno", names: Sequence[str] | None, *, versions: bool
) -> "list[WorkflowDef]":
    group = client.definitions.workflows
    if names and not versions:
        return [group.get(name) for name in names]
    found = group.all() if versions else group.latest()
    return [each for each in found if not names or each.name in names]


def _task_defs(client: "Dalsegno", of_workflows: "Sequence[WorkflowDef] | None") -> "list[TaskDef]":
    found = client.definitions.tasks.all()
    if of_workflows is None:
        return found
    used = {step.name for workflow in of_workflows for step in _steps(workflow.tasks)}
    return [each for each in found if each.name in used]


def _steps(steps: "Sequence[WorkflowTask]") -> "Iterator[WorkflowTask]":
    for step in steps:
        yield step
        for below in (
            *step.decision_cases.values(),
            step.default_case,
            *step.fork_tasks,
            step.loop_over,
        ):
            yield from _steps(below)


def _file_name(workflow: "WorkflowDef", versions: bool) -> str:
    return f"{_safe(workflow.name)}.v{workflow.version}" if versions else _safe(workflow.name)


def _safe(name: str) -> str:
    return quote(name, safe=" ").replace("..", "%2E%2E")


def _write(path: Path, definition: "WorkflowDef | TaskDef", format: Format) -> str:
    from dalsegno.cli.definition.comparing import without_audit
    from dalsegno.definitions.files import dumps

    text = dumps(without_audit(definition), format.value)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return "unchanged"
    told = "changed" if path.exists() else "added"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return told
