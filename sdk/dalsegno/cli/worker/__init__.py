"""``dalsegno worker``: processes that do tasks."""

import typer

from dalsegno.cli.worker.running import run

app = typer.Typer(help="Do tasks with functions of yours.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Do tasks with functions of yours."""  # without it, a single command would be the group


app.command()(run)
