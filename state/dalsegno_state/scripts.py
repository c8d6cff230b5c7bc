"""The port through which the engine runs a definition's scripts."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue

from dalsegno.errors import UnavailableError


class ScriptError(Exception):
    """A script did not yield a value; the message says what went wrong.

    The same script with the same inputs fails again, so a retry is of no use.
    """


class ScriptTimeoutError(ScriptError):
    """A script was stopped because it ran out of time; on an idler machine it may finish."""


class ScriptsBusyError(UnavailableError):
    """Other scripts keep all interpreters busy; nothing of this script has run."""

    def __init__(self) -> None:
        super().__init__("too many scripts are running; try again")


class Scripts(Protocol):
    """Runs untrusted scripts: no I/O, no state kept from one script to the next.

    Every method raises ``ScriptError`` when the script fails, breaks a limit or yields something
    that is not JSON, ``ScriptTimeoutError`` when it runs out of time, and ``ScriptsBusyError``
    when it has waited too long for others.
    """

    def on_behalf_of(self, name: str) -> "Scripts":
        """Return what runs scripts of one workflow definition; each waits in a line of its own."""
        ...

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """Return the value of the last expression of ``source``, which sees ``inputs`` as ``$``.

        ``undefined``, functions and NaN become None, integral numbers become int.
        """
        ...

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """Return what ``source``, the body of a function, returns; it sees ``inputs`` as ``$``."""
        ...

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """Return every result of the jq program ``query`` over ``document``, in order."""
        ...

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """Return ``[path, message]`` for each of the first faults of values, up to five.

        Args:
            schema: A JSON schema as text; ``ScriptError`` if it is none.
            values: What is checked; nothing but the schema itself, if empty.
        """
        ...

    def syntax_error(self, source: str) -> str | None:
        """Return why ``source`` is not JavaScript, or None; nothing of it is executed."""
        ...
