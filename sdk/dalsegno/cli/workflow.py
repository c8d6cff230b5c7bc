"""``dalsegno workflow``: executions."""

from typing import Annotated

import typer

from dalsegno.cli.console import show_json
from dalsegno.cli.options import AsJson, InputJson, Url, connect, json_object

app = typer.Typer(help="Start executions, look at them and steer them.", no_args_is_help=True)


@app.command()
def start(
    name: Annotated[str, typer.Argument(help="Of the workflow.")],
    input: InputJson = "{}",
    version: Annotated[int | None, typer.Option(help="The highest unless given.")] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Start a workflow; print the id of the execution."""
    execution = connect(url).start(name, json_object(input), version=version)
    if as_json:
        show_json({"workflowId": execution.id})
    else:
        typer.echo(execution.id)
