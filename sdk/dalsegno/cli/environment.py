"""``dalsegno env``: values that all workflows may read."""

from typing import Annotated, TypeAlias

import typer

from dalsegno.cli.console import remark, say, show_json
from dalsegno.cli.options import AsJson, Url, connect

app = typer.Typer(
    help="Values for ${workflow.env.NAME}, which anybody may see.", no_args_is_help=True
)

Name: TypeAlias = Annotated[str, typer.Argument(help="Of the value.", metavar="NAME")]


@app.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List names and values.

    [dim]dalsegno env list[/dim]
    """
    found = connect(url).environment.all()
    if as_json:
        show_json({each.name: each.value for each in found})
        return
    for each in found:
        say(f"{each.name}={each.value or ''}")
    if not found:
        remark("there are none")


@app.command()
def put(
    name: Name,
    value: Annotated[str, typer.Argument(help="What it is to be.", metavar="VALUE")],
    url: Url = None,
) -> None:
    """Store a value.

    [dim]dalsegno env put region eu-south-2[/dim]
    """
    connect(url).environment.put(name, value)
    say(f"stored {name}")


@app.command()
def delete(name: Name, url: Url = None) -> None:
    """Delete a value.

    [dim]dalsegno env delete region[/dim]
    """
    connect(url).environment.delete(name)
    say(f"deleted {name}")
