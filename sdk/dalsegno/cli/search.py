"""Queries in the search language, made of options."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import typer

from dalsegno.cli.view.times import millis_of, now_millis, since

if TYPE_CHECKING:
    from dalsegno.models import JsonObject

_UNSUCCESSFUL: Final = ("FAILED", "TIMED_OUT", "TERMINATED")
_TIMES: Final = ("scheduledTime", "startTime", "updateTime", "endTime")


def joined(*conditions: str) -> str:
    """Return the query that asks for all of it; empty if there is nothing to ask for."""
    return " AND ".join(filter(None, conditions))


def one_of(field: str, values: Iterable[str] | None) -> str:
    """Return the condition that a field has one of some values; none if there are none."""
    given = [_quoted(value) for value in values or ()]
    return f"{field} IN ({', '.join(given)})" if given else ""


def unsuccessful(asked: bool) -> str:
    """Return the condition of executions that ended badly, if it is asked for."""
    return one_of("status", _UNSUCCESSFUL if asked else ())


def started_since(field: str, text: str | None) -> str:
    """Return the condition that a time is not before what is meant by a text.

    Raises:
        BadParameter: It is no time.
    """
    if text is None:
        return ""
    try:
        return f"{field} >= {since(text, now_millis())}"
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def with_epochs(summary: "JsonObject") -> "JsonObject":
    """Return a summary with its times in epoch milliseconds, as they are everywhere else."""
    return {
        name: millis_of(value) if name in _TIMES and isinstance(value, str) else value
        for name, value in summary.items()
    }


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
