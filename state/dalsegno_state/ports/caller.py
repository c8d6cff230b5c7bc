"""The client that waits for an answer, and may leave before it comes."""

from collections.abc import Callable
from typing import Final, Protocol


class Caller(Protocol):
    """Who waits for the answer of a call."""

    @property
    def has_left(self) -> bool:
        """True once nobody waits for the answer any more; it never becomes False again."""
        ...

    def if_unanswered(self, undo: Callable[[], None]) -> None:
        """Have ``undo`` called once if the answer does not reach the client, else never."""
        ...


class _Staying:
    """A client whose gateway does not tell when it leaves, or that is this process itself."""

    has_left: Final = False

    def if_unanswered(self, undo: Callable[[], None]) -> None:
        """See ``Caller.if_unanswered``; nobody finds out whether the answer arrived."""


STAYS: Final[Caller] = _Staying()
