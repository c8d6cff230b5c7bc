"""``dalsegno secret``: values that workflows use and nobody sees."""

import sys
from typing import Annotated, TypeAlias

import typer

from dalsegno.cli.console import confirm, emit, remark, say, show_json
from dalsegno.cli.options import AsJson, Url, Yes, connect

app = typer.Typer(
    help="Values for ${workflow.secrets.NAME}; never shown in executions.", no_args_is_help=True
)

Name: TypeAlias = Annotated[str, typer.Argument(help="Of the secret.", metavar="NAME")]


@app.command("list")
def list_(url: Url = None, as_json: AsJson = False) -> None:
    """List the names of secrets.

    [dim]dalsegno secret list[/dim]
    """
    names = connect(url).secrets.names()
    if as_json:
        show_json(list(names))
        return
    for name in names:
        say(name)
    if not names:
        remark("there are none")


@app.command()
def put(name: Name, url: Url = None) -> None:
    """Store a secret: asked for at a terminal, else read from standard input.

    Its last line break is not part of it. It is no argument, as others could see that.

    [dim]dalsegno secret put bank_token < token.txt[/dim]
    """
    if sys.stdin.isatty():
        value: str = typer.prompt("value", hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n")
    if not value:
        raise typer.BadParameter("the value is empty", param_hint="standard input")
    connect(url).secrets.put(name, value)
    say(f"stored {name}")


@app.command()
def get(name: Name, url: Url = None) -> None:
    """Print the value of a secret.

    [dim]dalsegno secret get bank_token | pbcopy[/dim]
    """
    emit(connect(url).secrets.get(name) + "\n")


@app.command()
def delete(name: Name, yes: Yes = False, url: Url = None) -> None:
    """Delete a secret; workflows that use it fail from then on.

    [dim]dalsegno secret delete bank_token[/dim]
    """
    confirm(f"delete secret {name}", yes=yes)
    connect(url).secrets.delete(name)
    say(f"deleted {name}")
