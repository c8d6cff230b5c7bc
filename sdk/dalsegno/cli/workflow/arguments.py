"""Arguments that commands on executions have in common."""

from typing import Annotated, TypeAlias

import typer

from dalsegno.cli.suggestions import workflow_ids, workflow_names

Id: TypeAlias = Annotated[
    str, typer.Argument(help="Of the execution.", metavar="ID", autocompletion=workflow_ids)
]
Ids: TypeAlias = Annotated[
    list[str],
    typer.Argument(
        help="Of the executions; - reads them from standard input.",
        metavar="ID...",
        autocompletion=workflow_ids,
    ),
]
Name: TypeAlias = Annotated[
    str, typer.Argument(help="Of the workflow.", metavar="NAME", autocompletion=workflow_names)
]
Ref: TypeAlias = Annotated[
    str, typer.Argument(help="Reference name of the task in the definition.", metavar="REF")
]
