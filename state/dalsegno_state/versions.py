"""Versions of the engine side by side: what one of them cannot read is refused, never changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pydantic import ValidationError

from dalsegno.errors import UnavailableError

FORMAT: Final = 1
"""The format of workflows and what belongs to them.

It is raised when an older version would do harm by keeping a new field unread. One release reads
a new format before another writes it.
"""

_MAX_CAUSE_CHARS: Final = 500


class NewerVersionError(UnavailableError):
    """Something stored or sent says what this version does not know.

    It is left as it is, for a newer version to take; so the same call may succeed later.
    """


@contextmanager
def known(what: str) -> Iterator[None]:
    """Raise NewerVersionError, which names ``what``, if something within it cannot be read."""
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        cause = _explained(error)[:_MAX_CAUSE_CHARS]
        raise NewerVersionError(
            f"{what} cannot be read by this version; it may be of a newer one, which is to "
            f"handle it: {cause}"
        ) from error


def check_format(what: str, found: int) -> None:
    """Raise NewerVersionError if a format is newer than this version knows."""
    if found > FORMAT:
        raise NewerVersionError(
            f"{what} has format {found}, this version knows {FORMAT} at most: it is left for a "
            "newer version"
        )


def _explained(error: Exception) -> str:
    """Return what is wrong, without values: they may be business data, which logs must not hold."""
    if not isinstance(error, ValidationError):
        return f"{type(error).__name__}: {error}"
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
