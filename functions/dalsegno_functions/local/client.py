"""The client of one request to the local server."""

import logging
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Client:
    """See ``Caller``; the event loop tells it when the client leaves."""

    __slots__ = ("_undos", "has_left")

    def __init__(self) -> None:
        self.has_left = False
        self._undos: list[Callable[[], None]] = []

    def if_unanswered(self, undo: Callable[[], None]) -> None:
        """See ``Caller.if_unanswered``."""
        self._undos.append(undo)

    @property
    def needs_answer(self) -> bool:
        """True if something is to be undone unless the answer arrives."""
        return bool(self._undos)

    def undo(self) -> None:
        """Undo what the answer would have handed over; called once, when it cannot arrive."""
        undos, self._undos = self._undos, []
        for undo in undos:
            try:
                undo()
            except Exception:  # one must not stop the others; timeouts are the net under them
                logger.exception("what an unanswered client was handed cannot be taken back")
