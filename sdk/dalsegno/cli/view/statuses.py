"""How statuses look."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.text import Text

_LOOKS: Final = {
    "COMPLETED": ("✓", "green"),
    "COMPLETED_WITH_ERRORS": ("✓", "yellow"),
    "EXECUTED": ("✓", "green"),
    "RUNNING": ("●", "cyan"),
    "IN_PROGRESS": ("●", "cyan"),
    "POLLED": ("●", "cyan"),
    "SCHEDULED": ("○", "blue"),
    "PAUSED": ("=", "yellow"),
    "SKIPPED": ("-", "dim"),
    "CANCELED": ("-", "magenta"),
    "TERMINATED": ("✗", "magenta"),
    "FAILED": ("✗", "red"),
    "FAILED_WITH_TERMINAL_ERROR": ("✗", "red"),
    "TIMED_OUT": ("✗", "red"),
}
_SHORT: Final = {
    "FAILED_WITH_TERMINAL_ERROR": "FAILED for good",
    "COMPLETED_WITH_ERRORS": "COMPLETED badly",
}


def sign(status: str) -> str:
    """Return one character for a status; a space for none."""
    return _LOOKS.get(status, (" ", ""))[0]


def colour(status: str) -> str:
    """Return the style of a status."""
    return _LOOKS.get(status, ("", "dim"))[1]


def word(status: str) -> str:
    """Return a status in few letters."""
    return _SHORT.get(status, status)


def shown(status: str) -> "Text":
    """Return a status with its sign, in its colour."""
    from rich.text import Text

    return Text(f"{sign(status)} {word(status)}", style=colour(status))
