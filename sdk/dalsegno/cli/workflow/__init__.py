"""``dalsegno workflow``: executions."""

import typer

from dalsegno.cli.workflow.changing import complete, jump, rerun, signal, skip, variables
from dalsegno.cli.workflow.reading import diagram, export, get
from dalsegno.cli.workflow.searching import list_, search
from dalsegno.cli.workflow.starting import run, start
from dalsegno.cli.workflow.steering import pause, remove, restart, resume, retry, terminate
from dalsegno.cli.workflow.watching import watch

app = typer.Typer(help="Start executions, look at them and steer them.", no_args_is_help=True)

_START, _LOOK, _STEER = "Start", "Look", "Steer"

app.command(rich_help_panel=_START)(start)
app.command(rich_help_panel=_START)(run)
app.command(rich_help_panel=_LOOK)(get)
app.command(rich_help_panel=_LOOK)(watch)
app.command("list", rich_help_panel=_LOOK)(list_)
app.command(rich_help_panel=_LOOK)(search)
app.command(rich_help_panel=_LOOK)(diagram)
app.command(rich_help_panel=_LOOK)(export)
app.command(rich_help_panel=_STEER)(terminate)
app.command(rich_help_panel=_STEER)(pause)
app.command(rich_help_panel=_STEER)(resume)
app.command(rich_help_panel=_STEER)(retry)
app.command(rich_help_panel=_STEER)(rerun)
app.command(rich_help_panel=_STEER)(restart)
app.command(rich_help_panel=_STEER)(skip)
app.command(rich_help_panel=_STEER)(jump)
app.command(rich_help_panel=_STEER)(signal)
app.command(rich_help_panel=_STEER)(complete)
app.command(rich_help_panel=_STEER)(variables)
app.command(rich_help_panel=_STEER)(remove)
