"""The result of one check."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dalsegno.models import JsonValue


class CheckFailedError(Exception):
    """The server did something else than the check expects; the message says what."""


class SkippedError(Exception):
    """The check cannot run as it was called; the message says what it needs."""


class Result(StrEnum):
    """Whether a check held."""

    HELD = "held"
    SKIPPED = "skipped"
    FAILED = "failed"

    @property
    def sign(self) -> tuple[str, str]:
        """The mark that is printed before a line, with its style."""
        return {
            Result.HELD: ("✓", "green"),
            Result.SKIPPED: ("-", "yellow"),
            Result.FAILED: ("✗", "bold red"),
        }[self]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One line of the report.

    Attributes:
        check: Name of the check.
        saw: What was observed, or why it failed or was skipped.
        look: Where to look after a failure; empty otherwise.
    """

    check: str
    result: Result
    saw: str
    seconds: float
    look: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether the check failed."""
        return self.result is Result.FAILED

    def json(self) -> "JsonValue":
        """Return the line for scripts."""
        return {
            "check": self.check,
            "result": self.result,
            "saw": self.saw,
            "seconds": round(self.seconds, 3),
            "look": self.look,
        }


def expect(holds: object, otherwise: str) -> None:
    """Raise CheckFailedError with this message unless something holds."""
    if not holds:
        raise CheckFailedError(otherwise)
