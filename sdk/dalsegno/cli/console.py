"""What commands print: tables for people, JSON for scripts, errors on standard error."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import NoReturn

from pydantic import JsonValue

from dalsegno.errors import ConductorError, NotFoundError, UnavailableError


class Exit(IntEnum):
    """Exit statuses."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_COMPLETED = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


def fail(error: ConductorError) -> NoReturn:
    """Say what went wrong on standard error and end with the status for it."""
    notes = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
    give_up(f"{error}{notes}", _status_of(error))


def give_up(reason: str, status: Exit = Exit.REFUSED) -> NoReturn:
    """Say why on standard error and end."""
    sys.stderr.write(f"dalsegno: {reason}\n")
    sys.exit(status)


def _status_of(error: ConductorError) -> Exit:
    if isinstance(error, NotFoundError):
        return Exit.NOT_FOUND
    return Exit.UNAVAILABLE if isinstance(error, UnavailableError) else Exit.REFUSED


@contextmanager
def installed(extra: str) -> Iterator[None]:
    """Import what an extra brings; end with the command that installs it if it is not there."""
    try:
        yield
    except ImportError as error:
        give_up(f"{error.name or error} is missing: pip install 'dalsegno[{extra}]'")


def show_json(value: JsonValue) -> None:
    """Print a value as JSON, indented at a terminal."""
    indent = 2 if sys.stdout.isatty() else None
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows for people: as wide as they are if nobody sees them on a screen."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else 1_000
    Console(width=width).print(table)
