"""``push``, ``diff`` and ``validate``: from files to the server."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import Exit, complain, say, show_json, working
from dalsegno.cli.definition.arguments import Paths
from dalsegno.cli.options import AsJson, Url, connect
from dalsegno.cli.view.diffs import show_diff

if TYPE_CHECKING:
    from dalsegno.cli.definition.comparing import Comparison
    from dalsegno.cli.definition.files import Found
    from dalsegno.client import Dalsegno
    from dalsegno.models import JsonObject


def push(
    paths: Paths,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only show what would change.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Register the definitions in files; show what changes, do nothing about what is equal.

    Nothing is registered if one of them breaks a rule.

    [dim]dalsegno def push workflows/ --dry-run[/dim]
    """
    from dalsegno.cli.definition.comparing import compared
    from dalsegno.cli.definition.files import definitions_in

    client, found = connect(url), definitions_in(paths)
    with working(f"comparing {len(found)} definitions"):
        comparisons = list(compared(client, found))
    changes = [each for each in comparisons if not each.is_equal]
    if not dry_run:
        _register(client, [each.found for each in changes])
    if as_json:
        show_json([_told(each) for each in comparisons])
    else:
        _show(comparisons, dry_run=dry_run)


def diff(paths: Paths, url: Url = None) -> None:
    """Show how the server's definitions differ from those in files; status 1 if they do.

    [dim]dalsegno def diff workflows/ && echo "all is registered"[/dim]
    """
    from dalsegno.cli.definition.comparing import compared
    from dalsegno.cli.definition.files import definitions_in

    differences = [
        each for each in compared(connect(url), definitions_in(paths)) if not each.is_equal
    ]
    for difference in differences:
        show_diff(difference.diff())
    raise typer.Exit(Exit.REFUSED if differences else Exit.DONE)


def validate(
    paths: Paths,
    server: Annotated[
        bool, typer.Option("--server", help="Ask the server, too, and not this machine alone.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Check the definitions in files by the engine's rules; status 1 if some break one.

    They are checked on this machine if the engine is installed, else by the server.

    [dim]dalsegno def validate workflows/order.yaml[/dim]
    """
    from dalsegno.cli.definition.files import files_in

    faults: dict[str, str] = {}
    checked = list(files_in(paths))
    for path in checked:
        if fault := _fault_of(path, server=server, url=url):
            faults[str(path)] = fault
    if as_json:
        show_json({"checked": [str(path) for path in checked], "faults": {**faults}})
    for fault in faults.values() if not as_json else ():
        complain(fault)
    if not as_json and not faults:
        say(f"{_files(len(checked))} in order")
    raise typer.Exit(Exit.REFUSED if faults else Exit.DONE)


def _register(client: "Dalsegno", found: "Sequence[Found]") -> None:
    from dalsegno.models import TaskDef, WorkflowDef

    definitions = [each.definition for each in found]
    workflows = [each for each in definitions if isinstance(each, WorkflowDef)]
    tasks = [each for each in definitions if isinstance(each, TaskDef)]
    for workflow in workflows:
        client.definitions.workflows.validate(workflow)
    if tasks:
        client.definitions.tasks.put(*tasks)
    if workflows:
        client.definitions.workflows.put_all(workflows)


def _show(comparisons: "Sequence[Comparison]", *, dry_run: bool) -> None:
    from dalsegno.cli.definition.comparing import title

    words = {"=": "unchanged", "+": "would be added" if dry_run else "added"}
    words["~"] = "would be changed" if dry_run else "changed"
    names = [title(each.found.definition) for each in comparisons]
    width = max(map(len, names), default=0)
    for name, comparison in zip(names, comparisons, strict=True):
        say(f"{comparison.sign} {name:<{width}}  {words[comparison.sign]}")
        if comparison.sign == "~":
            show_diff(line for line in comparison.diff() if not line.startswith(("---", "+++")))


def _told(comparison: "Comparison") -> "JsonObject":
    from dalsegno.models import WorkflowDef

    definition = comparison.found.definition
    is_workflow = isinstance(definition, WorkflowDef)
    return {
        "kind": "workflow" if is_workflow else "task",
        "name": definition.name,
        "version": definition.version if isinstance(definition, WorkflowDef) else None,
        "path": str(comparison.found.path),
        "change": {"=": "unchanged", "+": "added", "~": "changed"}[comparison.sign],
    }


def _fault_of(path: Path, *, server: bool, url: str | None) -> str | None:
    from dalsegno.cli.definition.files import definitions_of
    from dalsegno.definitions.checking import check
    from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError
    from dalsegno.errors import InvalidRequestError
    from dalsegno.models import WorkflowDef

    try:
        for each in definitions_of(path):
            try:
                check(each.definition)
            except MissingExtraError:
                server = True
            if server and isinstance(each.definition, WorkflowDef):
                connect(url).definitions.workflows.validate(each.definition)
    except InvalidDefinitionError as error:
        return str(error)
    except InvalidRequestError as error:
        return f"{path}: {error}"
    return None


def _files(count: int) -> str:
    return "1 file is" if count == 1 else f"{count} files are"
