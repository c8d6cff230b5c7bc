"""``list``, ``show`` and ``delete``."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import Column, confirm, emit, give_up, remark, say, show_json, show_table
from dalsegno.cli.definition.arguments import Format, Name, OfTask, Version
from dalsegno.cli.options import AsJson, Url, Yes, connect
from dalsegno.cli.view.times import now_millis, relative

if TYPE_CHECKING:
    from dalsegno.models import TaskDef, WorkflowDef

_WORKFLOWS = (
    Column("workflow"),
    Column("versions", whole=True),
    Column("tasks", right=True),
    Column("changed", whole=True),
    Column("description", wide=True, cut=True),
)
_TASKS = (
    Column("task"),
    Column("retries", right=True),
    Column("timeout", right=True),
    Column("response", right=True),
    Column("changed", whole=True),
    Column("description", wide=True, cut=True),
)


def list_(
    tasks: Annotated[
        bool, typer.Option("--tasks", help="Task definitions, not workflows.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List the definitions of workflows, or of tasks.

    [dim]dalsegno def list --tasks[/dim]
    """
    group = connect(url).definitions
    found: Sequence[TaskDef | WorkflowDef] = group.tasks.all() if tasks else group.workflows.all()
    if as_json:
        show_json([each.to_wire() for each in found])
    elif not found:
        remark("there are none: dalsegno def push PATH")
    elif tasks:
        show_table(_TASKS, _task_rows(found))
    else:
        show_table(_WORKFLOWS, _workflow_rows(found))


def show(
    name: Name,
    version: Version = None,
    task: OfTask = False,
    form: Annotated[Format, typer.Option("--as", help="How it is written.")] = Format.YAML,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show a definition without what says no more than the default; all of it with --json.

    [dim]dalsegno def show order_processing --version 2[/dim]
    """
    group = connect(url).definitions
    found: TaskDef | WorkflowDef
    found = group.tasks.get(name) if task else group.workflows.get(name, version)
    if as_json:
        show_json(found.to_wire())
        return
    from dalsegno.cli.definition.comparing import without_audit
    from dalsegno.definitions.files import dumps

    emit(dumps(without_audit(found), form.value))


def delete(
    name: Name,
    version: Annotated[
        int | None, typer.Option("--version", "-v", help="Of the workflow.", metavar="N")
    ] = None,
    all_versions: Annotated[bool, typer.Option("--all-versions", help="Every one.")] = False,
    task: OfTask = False,
    yes: Yes = False,
    url: Url = None,
) -> None:
    """Delete a definition; executions that run keep theirs.

    [dim]dalsegno def delete order_processing --version 1[/dim]
    """
    group = connect(url).definitions
    if task:
        confirm(f"delete task definition {name}", yes=yes)
        group.tasks.delete(name)
        say(f"deleted task definition {name}")
        return
    there = [each.version for each in group.workflows.versions(name)]
    chosen = there if all_versions or (version is None and len(there) == 1) else [version]
    if chosen == [None]:
        known = ", ".join(map(str, there)) or "none"
        give_up(f"which version of {name}? There are: {known}. Give --version or --all-versions")
    confirm(f"delete {name} {', '.join(f'v{each}' for each in chosen)}", yes=yes)
    for each in chosen:
        group.workflows.delete(name, each or 0)
        say(f"deleted workflow {name} v{each}")


def _workflow_rows(found: "Iterable[WorkflowDef | TaskDef]") -> Iterable[Sequence[str]]:
    from dalsegno.models import WorkflowDef

    now = now_millis()
    versions: dict[str, list[WorkflowDef]] = {}
    for each in found:
        if isinstance(each, WorkflowDef):
            versions.setdefault(each.name, []).append(each)
    for name in sorted(versions):
        latest = max(versions[name], key=lambda each: each.version)
        numbers = sorted(each.version for each in versions[name])
        changed = latest.update_time or latest.create_time
        yield (
            name,
            ", ".join(map(str, numbers)),
            str(len(latest.tasks)),
            relative(changed, now),
            latest.description or "",
        )


def _task_rows(found: "Iterable[WorkflowDef | TaskDef]") -> Iterable[Sequence[str]]:
    from dalsegno.models import TaskDef

    now = now_millis()
    for each in sorted(found, key=lambda each: each.name):
        if isinstance(each, TaskDef):
            yield (
                each.name,
                str(each.retry_count),
                _seconds(each.timeout_seconds),
                _seconds(each.response_timeout_seconds),
                relative(each.update_time or each.create_time, now),
                each.description or "",
            )


def _seconds(seconds: int) -> str:
    from dalsegno.cli.view.times import duration

    return duration(seconds * 1000) if seconds else "none"
