"""All commands, in the order in which ``--help`` shows them."""

from typing import Annotated, Final

import typer

from dalsegno import __version__
from dalsegno.cli import (
    dead_letters,
    definition,
    environment,
    importing,
    keys,
    queue,
    schedule,
    secret,
    task,
    worker,
    workflow,
)
from dalsegno.cli.console import say
from dalsegno.cli.cost import cost
from dalsegno.cli.demo import demo
from dalsegno.cli.deploy import deploy
from dalsegno.cli.dev import dev
from dalsegno.cli.doctor import doctor
from dalsegno.cli.init import init
from dalsegno.cli.verify import verify

_EPILOG: Final = """
Commands talk to the server at --url, else at DALSEGNO_URL or CONDUCTOR_SERVER_URL, \
else at http://127.0.0.1:8080. An access key is taken from CONDUCTOR_AUTH_KEY and \
CONDUCTOR_AUTH_SECRET, a token from DALSEGNO_TOKEN; with DALSEGNO_AUTH=iam, AWS's credentials sign.

Exit status: 0 done, 1 refused, 2 wrong usage, 3 a workflow that was waited for did not \
complete, 4 not found, 5 no server or one that cannot answer now, 130 interrupted.
"""

app = typer.Typer(
    help="Durable workflows that speak Conductor's REST API.",
    epilog=_EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        say(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Durable workflows that speak Conductor's REST API."""


app.command()(demo)
app.command()(init)
app.command()(dev)
app.add_typer(worker.app, name="worker")
app.add_typer(workflow.app, name="workflow")
app.add_typer(task.app, name="task")
app.add_typer(definition.app, name="def")
app.add_typer(schedule.app, name="schedule")
app.add_typer(queue.app, name="queue")
app.add_typer(secret.app, name="secret")
app.add_typer(environment.app, name="env")
app.add_typer(importing.app, name="import")
app.add_typer(keys.app, name="keys")
app.add_typer(dead_letters.app, name="dead-letters")
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(deploy)
app.command()(doctor)
app.command()(verify)
app.command()(cost)


@app.command()
def version() -> None:
    """Print the version."""
    say(__version__)
