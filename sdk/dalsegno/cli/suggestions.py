"""What the shell suggests when Tab is pressed: names and ids that the server knows."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

import typer

from dalsegno.cli.options import connect

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno

_MOST_IDS = 50


def workflow_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of workflow definitions."""
    return _beginning(context, incomplete, lambda client: client.definitions.workflows.names())


def task_types(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of task definitions."""
    return _beginning(
        context, incomplete, lambda client: (each.name for each in client.definitions.tasks.all())
    )


def schedule_names(context: typer.Context, incomplete: str) -> list[str]:
    """Return names of schedules."""
    return _beginning(
        context, incomplete, lambda client: (each.name for each in client.schedules.all())
    )


def workflow_ids(context: typer.Context, incomplete: str) -> list[str]:
    """Return ids of the latest executions."""
    return _beginning(
        context,
        incomplete,
        lambda client: (each.workflow_id for each in islice(client.executions.search(), _MOST_IDS)),
    )


def _beginning(
    context: typer.Context, incomplete: str, look: Callable[["Dalsegno"], Iterable[str]]
) -> list[str]:
    from dalsegno.errors import ConductorError

    with suppress(ConductorError):  # a shell has no place for errors
        found = look(connect(context.params.get("url")))
        return [each for each in found if each.startswith(incomplete)]
    return []
