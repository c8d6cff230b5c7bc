"""``terminate``, ``pause``, ``resume``, ``retry``, ``restart`` and ``remove``: one or many."""

from collections.abc import Sequence
from typing import Annotated

import typer

from dalsegno.cli.bulk import act_on
from dalsegno.cli.console import confirm
from dalsegno.cli.options import Reason, Url, Yes, connect, several
from dalsegno.cli.workflow.arguments import Ids


def terminate(ids: Ids, reason: Reason = None, yes: Yes = False, url: Url = None) -> None:
    """End executions, and cancel what is open in them.

    [dim]dalsegno workflow terminate 0190f000-0000-7000-8000-000000000001 -r "wrong price"[/dim]
    """
    given = several(ids)
    confirm(f"terminate {_counted(given)}", yes=yes)
    client = connect(url)
    act_on(
        "terminated",
        given,
        lambda id: client.execution(id).terminate(reason),
        lambda ids: client.executions.terminate(ids, reason),
    )


def pause(ids: Ids, url: Url = None) -> None:
    """Pause executions: open tasks go on, nothing new starts.

    [dim]dalsegno workflow list --status RUNNING --ids | dalsegno workflow pause -[/dim]
    """
    client = connect(url)
    act_on("paused", several(ids), lambda id: client.execution(id).pause(), client.executions.pause)


def resume(ids: Ids, url: Url = None) -> None:
    """Let paused executions go on.

    [dim]dalsegno workflow list --status PAUSED --ids | dalsegno workflow resume -[/dim]
    """
    client = connect(url)
    act_on(
        "resumed", several(ids), lambda id: client.execution(id).resume(), client.executions.resume
    )


def retry(
    ids: Ids,
    deep: Annotated[
        bool, typer.Option("--deep", help="Retry inside sub-workflows, where the failure began.")
    ] = False,
    url: Url = None,
) -> None:
    """Try the failed tasks of ended executions again; what is done stays done.

    [dim]dalsegno workflow list --failed --since 1h --ids | dalsegno workflow retry -[/dim]
    """
    client = connect(url)
    act_on(
        "retried",
        several(ids),
        lambda id: client.execution(id).retry(resume_subworkflow_tasks=deep),
        None if deep else client.executions.retry,
    )


def restart(
    ids: Ids,
    latest: Annotated[
        bool, typer.Option("--latest", help="By the latest definitions, not those they had.")
    ] = False,
    url: Url = None,
) -> None:
    """Run ended executions again from the beginning, under the same ids.

    [dim]dalsegno workflow restart 0190f000-0000-7000-8000-000000000001 --latest[/dim]
    """
    client = connect(url)
    act_on(
        "restarted",
        several(ids),
        lambda id: client.execution(id).restart(use_latest_definitions=latest),
        lambda ids: client.executions.restart(ids, use_latest_definitions=latest),
    )


def remove(
    ids: Ids,
    archive: Annotated[bool, typer.Option(help="Keep a copy, if there is an archive.")] = True,
    terminate: Annotated[
        bool, typer.Option("--terminate", help="Terminate first what has not ended.")
    ] = False,
    yes: Yes = False,
    url: Url = None,
) -> None:
    """Remove ended executions with all they had.

    [dim]dalsegno workflow remove 0190f000-0000-7000-8000-000000000001 --no-archive --yes[/dim]
    """
    given = several(ids)
    confirm(f"remove {_counted(given)} for good", yes=yes)
    client = connect(url)
    if terminate:
        act_on(
            "terminated and removed",
            given,
            lambda id: client.execution(id).terminate_and_remove(archive=archive),
            lambda ids: client.executions.terminate_and_remove(ids, archive=archive),
        )
    else:
        act_on(
            "removed",
            given,
            lambda id: client.execution(id).remove(archive=archive),
            lambda ids: client.executions.remove(ids, archive=archive),
        )


def _counted(ids: Sequence[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} executions"
