"""How many messages in a row have changed nothing: the brake against endless chains.

See ADR 10. The count belongs to the thread that works on a message.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

HOPS_ATTRIBUTE: Final = "hops"
"""Of an SQS message: the count; absent if it is 0. Versions that do not know it ignore it."""

MAX_HOPS: Final = 1_000
"""Beyond this the message is dropped; the wake brings back what it asked for.

The longest healthy chain looks again at a fork of 20,000 branches that are there already, 500 at
a time: 40 hops.
"""

# None: of no message, or something has been changed since it was received.
_hops: ContextVar[int | None] = ContextVar("hops", default=None)


@contextmanager
def working_on(hops: int) -> Iterator[None]:
    """Count what is sent meanwhile as sent by a message with this many hops behind it."""
    token = _hops.set(hops)
    try:
        yield
    finally:
        _hops.reset(token)


def note_progress() -> None:
    """Begin to count anew: an execution has been changed."""
    _hops.set(None)


def next_hops() -> int:
    """Return the count of a message that is sent now; 0 if it begins a chain."""
    hops = _hops.get()
    return 0 if hops is None else hops + 1
