"""``dalsegno def``: definitions of workflows and tasks."""

import typer

from dalsegno.cli.definition.pulling import pull
from dalsegno.cli.definition.pushing import diff, push, validate
from dalsegno.cli.definition.reading import delete, list_, show

app = typer.Typer(help="Definitions of workflows and tasks, in files and on the server.")

app.command()(push)
app.command()(pull)
app.command()(diff)
app.command()(validate)
app.command("list")(list_)
app.command()(show)
app.command()(delete)
