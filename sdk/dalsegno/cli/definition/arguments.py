"""Arguments that commands on definitions have in common."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from dalsegno.cli.suggestions import workflow_names

TEXTS: Final = (".json", ".yaml", ".yml")
CODE: Final = ".py"


class Format(StrEnum):
    """How definitions are written."""

    JSON = "json"
    YAML = "yaml"


Paths: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        help="Files of JSON or YAML, folders of them, or Python files.",
        metavar="PATH...",
        exists=True,
    ),
]


def is_file(what: str) -> bool:
    """Return whether a file of definitions is meant, not a name that a server knows."""
    return what.endswith((*TEXTS, CODE))


Name: TypeAlias = Annotated[
    str, typer.Argument(help="Of the workflow.", metavar="NAME", autocompletion=workflow_names)
]
OfTask: TypeAlias = Annotated[
    bool, typer.Option("--task", help="The name is that of a task definition.")
]
Version: TypeAlias = Annotated[
    int | None, typer.Option("--version", "-v", help="The highest unless given.", metavar="N")
]
