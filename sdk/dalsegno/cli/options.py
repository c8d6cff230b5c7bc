"""Options that many commands have."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import give_up

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno
    from dalsegno.models import JsonObject

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
        "--input",
        "-i",
        help="A JSON object, or @FILE that holds one; @- reads standard input.",
        metavar="JSON",
    ),
]
OutputJson: TypeAlias = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="A JSON object, or @FILE that holds one; @- reads standard input.",
        metavar="JSON",
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
Limit: TypeAlias = Annotated[
    int, typer.Option("--limit", "-n", min=1, help="Show at most so many.", metavar="N")
]
Reason: TypeAlias = Annotated[
    str | None, typer.Option("--reason", "-r", help="Is kept, and shown to whoever asks why.")
]


def connect(url: str | None) -> "Dalsegno":
    """Return a client of the server that is meant.

    Raises:
        BadParameter: The URL is none, or the environment says nothing sensible of who asks.
    """
    from dalsegno.client import Dalsegno, Retries  # takes a while that `--help` need not take

    # A person waits: two more attempts, then say that there is nobody.
    retries = Retries(attempts=3, longest_delay_seconds=2.0)
    try:
        return Dalsegno(url, retries=retries)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    except ImportError as error:
        give_up(str(error))


def json_object(text: str, option: str = "--input") -> "JsonObject":
    """Return the JSON object that an option gives, or names a file of.

    Raises:
        BadParameter: It is none.
    """
    if text == "@-":
        text = sys.stdin.read().removeprefix("\ufeff")
    elif text.startswith("@"):
        text = _contents(Path(text[1:]), option)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise typer.BadParameter(
            f"no JSON: {error}. Quote it for the shell: '{{\"a\": 1}}'", param_hint=option
        ) from None
    if not isinstance(found, dict):
        raise typer.BadParameter('must be a JSON object: {"name": value}', param_hint=option)
    return found


def several(given: Iterable[str]) -> list[str]:
    """Return what was given, each once; ``-`` stands for the lines of standard input.

    Raises:
        BadParameter: There is none.
    """
    found: dict[str, None] = {}
    for each in given:
        lines = sys.stdin.read().split() if each == "-" else [each]
        found.update(dict.fromkeys(lines))
    if not found:
        raise typer.BadParameter("standard input names none", param_hint="-")
    return list(found)


def _contents(path: Path, option: str) -> str:
    from dalsegno.json_text import decoded

    try:
        return decoded(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint=option) from None
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint=option) from None
