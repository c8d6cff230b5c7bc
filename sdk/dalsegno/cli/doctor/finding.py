"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dalsegno.models import JsonValue


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"

    @property
    def sign(self) -> str:
        """What stands before it, for people."""
        return {Level.OK: "✓", Level.WARNING: "!", Level.FAILURE: "✗"}[self]

    @property
    def style(self) -> str:
        """Its colour."""
        return {Level.OK: "green", Level.WARNING: "yellow", Level.FAILURE: "bold red"}[self]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    Attributes:
        check: Its name, for scripts.
        what: What is so.
        fix: What to do about it; empty if nothing needs to be done.
    """

    level: Level
    check: str
    what: str
    fix: str = ""

    @property
    def is_failure(self) -> bool:
        """Whether something cannot work."""
        return self.level is Level.FAILURE

    def json(self) -> "JsonValue":
        """Return it for scripts."""
        return {"check": self.check, "level": self.level, "what": self.what, "fix": self.fix}


def ok(check: str, what: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, check, what)


def warning(check: str, what: str, fix: str) -> Finding:
    """Return that something may be wrong."""
    return Finding(Level.WARNING, check, what, fix)


def failure(check: str, what: str, fix: str) -> Finding:
    """Return that something cannot work."""
    return Finding(Level.FAILURE, check, what, fix)
