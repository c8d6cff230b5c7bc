"""Options that many commands have, and the client that they ask for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from pydantic import TypeAdapter, ValidationError

from dalsegno.models import JsonObject

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno

Url: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", "-u", help="Of the server, with or without /api.", metavar="URL"),
]
AsJson: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, for scripts; nothing else.")
]
InputJson: TypeAlias = Annotated[
    str,
    typer.Option(
        "--input", "-i", help="A JSON object, or @FILE that holds one; @- reads standard input."
    ),
]


def connect(url: str | None) -> "Dalsegno":
    """Return a client of the server that is meant."""
    from dalsegno.client import Dalsegno  # takes a while that `--help` need not take

    return Dalsegno(url)


def json_object(text: str, option: str = "--input") -> JsonObject:
    """Return the JSON object that an option gives, or names a file of.

    Raises:
        BadParameter: It is none.
    """
    if text == "@-":
        text = typer.get_text_stream("stdin").read()
    elif text.startswith("@"):
        text = _contents(Path(text[1:]), option)
    try:
        return TypeAdapter(JsonObject).validate_json(text)
    except ValidationError as error:
        reason = error.errors(include_url=False)[0]["msg"]
        raise typer.BadParameter(f"no JSON object: {reason}", param_hint=option) from None


def _contents(path: Path, option: str) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from None
