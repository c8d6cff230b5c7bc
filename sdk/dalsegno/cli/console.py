"""What commands print: tables for people, JSON for scripts, errors on standard error."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NoReturn

from dalsegno.printable import printable, printable_json

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from dalsegno.client import StillRunningError
    from dalsegno.errors import ConductorError
    from dalsegno.models import JsonValue

_WIDE_COLUMNS: Final = 100
_UNLIMITED: Final = 10_000


class Exit(IntEnum):
    """Exit statuses."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_COMPLETED = 3
    NOT_FOUND = 4
    UNAVAILABLE = 5
    INTERRUPTED = 130


def fail(error: "ConductorError | StillRunningError") -> NoReturn:
    """Say what went wrong on standard error and end with the status for it."""
    give_up(_told(error), _status_of(error))


def give_up(reason: str, status: Exit = Exit.REFUSED) -> NoReturn:
    """Say why on standard error and end."""
    complain(reason)
    sys.exit(status)


def complain(reason: str) -> None:
    """Say on standard error what went wrong."""
    remark(f"dalsegno: {reason}")


def remark(text: str) -> None:
    """Tell people on standard error what goes on; scripts read standard output."""
    sys.stderr.write(f"{printable(text)}\n")


def say(text: str) -> None:
    """Print a line on standard output."""
    sys.stdout.write(f"{printable(text)}\n")
    sys.stdout.flush()


def _told(error: "ConductorError | StillRunningError") -> str:
    """Return what went wrong, and what to do about it as far as that is known."""
    from dalsegno.client import StillRunningError, WorkflowFailedError
    from dalsegno.errors import ForbiddenError, UnauthorizedError, UnavailableError

    notes = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
    match error:
        case StillRunningError(workflow_id=workflow_id, workflow_status=status):
            said = f"workflow {workflow_id} is still {status}; it goes on"
            return f"{said}\n  dalsegno workflow watch {workflow_id}"
        case WorkflowFailedError(workflow_id=workflow_id):
            return f"{error}\n  dalsegno workflow get {workflow_id}"
        case UnauthorizedError() | ForbiddenError():
            return (
                f"{error}\n  an access key is set by CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET; "
                "DALSEGNO_AUTH=iam signs"
            )
        case UnavailableError():
            return f"{error}{notes}\n  a server is set by --url or DALSEGNO_URL"
    has_been_understood = 400 <= error.status < 500
    return str(error) if has_been_understood else f"{error}{notes}"


def _status_of(error: "ConductorError | StillRunningError") -> Exit:
    from dalsegno.client import StillRunningError, WorkflowFailedError
    from dalsegno.errors import NotFoundError, UnavailableError

    match error:
        case StillRunningError() | WorkflowFailedError():
            return Exit.NOT_COMPLETED
        case NotFoundError():
            return Exit.NOT_FOUND
        case UnavailableError():
            return Exit.UNAVAILABLE
    return Exit.REFUSED


def emit(text: str) -> None:
    """Print a text that is meant for a file or another program: unchanged, but at a terminal."""
    sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


@contextmanager
def installed(extra: str) -> Iterator[None]:
    """Import what an extra brings; end with the command that installs it if it is not there."""
    try:
        yield
    except ImportError as error:
        give_up(f"{error.name or error} is missing: pip install 'dalsegno[{extra}]'")


def show_json(value: "JsonValue") -> None:
    """Print a value as JSON: indented at a terminal, on one line elsewhere.

    It is in UTF-8, or in ASCII if standard output has another encoding.
    """
    indent = 2 if sys.stdout.isatty() else None
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    written = json.dumps(value, indent=indent, ensure_ascii=not is_utf8)
    sys.stdout.write(printable_json(written) + "\n")
    sys.stdout.flush()


def out() -> "Console":
    """Return what prints for people: as wide as it takes if nobody sees it on a screen."""
    from dalsegno.cli.printing import PrintableConsole

    width = None if sys.stdout.isatty() else _UNLIMITED
    return PrintableConsole(width=width, markup=False, emoji=False, soft_wrap=False)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; it is left out if it is ``wide`` and there is nothing in it.

    Attributes:
        header: Its heading.
        wide: Whether it is left out where there is little room, too.
        whole: Whether its cells are never broken: they are there to be copied.
        right: Whether it holds numbers.
        cut: Whether long cells end in an ellipsis at a terminal, and are not broken into lines.
    """

    header: str
    wide: bool = False
    whole: bool = False
    right: bool = False
    cut: bool = False


def show_table(columns: Sequence[Column], rows: Iterable[Sequence["str | Text"]]) -> None:
    """Print rows for people; columns that are ``wide`` where there is room."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    found = [[Text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    has_room = out().width >= _WIDE_COLUMNS
    shown = [
        number
        for number, column in enumerate(columns)
        if not column.wide or (has_room and any(row[number] for row in found))
    ]
    table = Table(
        box=box.SIMPLE_HEAD if sys.stdout.isatty() else None,
        header_style="bold",
        pad_edge=False,
        padding=(0, 1, 0, 0) if sys.stdout.isatty() else (0, 2, 0, 0),
    )
    for number in shown:
        column = columns[number]
        table.add_column(
            column.header,
            no_wrap=column.whole or column.cut,
            justify="right" if column.right else "left",
            overflow="ellipsis" if column.cut else "fold",
        )
    for row in found:
        table.add_row(*(row[number] for number in shown))
    console = out()
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        sys.stdout.write(line.rstrip() + "\n")


def show_facts(facts: Iterable[tuple[str, "str | Text | None"]]) -> None:
    """Print names and values, one below the other; those without a value are left out."""
    for line in fact_lines(facts):
        out().print(line)


def fact_lines(facts: Iterable[tuple[str, "str | Text | None"]]) -> "list[Text]":
    """Return names and values as lines, each cut at the edge of the screen."""
    from rich.text import Text

    given = [(name, value) for name, value in facts if value]
    width = max((len(name) for name, _ in given), default=0)
    return [
        Text.assemble((f"  {name:<{width}}  ", "dim"), value, no_wrap=True, overflow="ellipsis")
        for name, value in given
        if value
    ]


def confirm(question: str, *, yes: bool) -> None:
    """Ask at a terminal whether to go on; end if the answer is no. Scripts are not asked."""
    import typer

    if yes or not sys.stdin.isatty():
        return
    if not typer.confirm(f"{question}?", err=True):
        give_up("nothing was changed")


@contextmanager
def working(what: str) -> "Iterator[None]":
    """Show at a terminal, on standard error, that something takes its time."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield
        return
    from dalsegno.cli.printing import PrintableConsole

    with PrintableConsole(stderr=True, markup=False).status(what):
        yield


@contextmanager
def counting(what: str, total: int) -> "Iterator[Callable[[int], None]]":
    """Show at a terminal, on standard error, how far it is; yield what moves it on."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda _count: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from dalsegno.cli.printing import PrintableConsole

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=PrintableConsole(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda count: progress.advance(task, count)
