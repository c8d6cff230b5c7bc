"""The port through which the engine runs a definition's scripts."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue


class ScriptError(Exception):
    """A script did not yield a value; the message says what went wrong.

    The same script with the same inputs fails again, so a retry is of no use.
    """


class ScriptTimeoutError(ScriptError):
    """A script was stopped because it ran out of time; on an idler machine it may finish."""


class Scripts(Protocol):
    """Runs untrusted scripts: no I/O, no state kept from one script to the next.

    Every method raises ``ScriptError`` when the script fails, breaks a limit or yields something
    that is not JSON, and ``ScriptTimeoutError`` when it runs out of time.
    """

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

    def syntax_error(self, source: str) -> str | None:
        """Return why ``source`` is not JavaScript, or None; nothing of it is executed."""
        ...
