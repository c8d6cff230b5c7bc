"""Dead letters: what the queues of a deployment gave up, to be looked at and sent back."""

from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import EpochMillis


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterQueue:
    """A queue of dead letters.

    Attributes:
        source: Name of the queue that they come from.
        depth: About how many there are.
        oldest_sent_at: When the oldest was sent, of those looked at: 100 at most. None if none.
    """

    source: str
    depth: int
    oldest_sent_at: EpochMillis | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One of them, as it was sent."""

    message_id: str
    sent_at: EpochMillis
    body: str


@dataclass(frozen=True, slots=True)
class Redriven:
    """How many were sent back; None if SQS goes on doing it by itself."""

    count: int | None


class DeadLetters(Protocol):
    """The dead letters of one deployment."""

    def queues(self) -> list[DeadLetterQueue]:
        """Return the queues of dead letters, ordered by their sources' names."""
        ...

    def letters(self, source: str, count: int) -> list[DeadLetter]:
        """Return up to ``count`` dead letters of a queue, oldest first; they stay where they are.

        Raises:
            NotFoundError: There are no dead letters of such a queue.
        """
        ...

    def redrive(self, source: str) -> Redriven:
        """Send all dead letters of a queue back to it; none is lost, some may be sent twice.

        Raises:
            NotFoundError: There are no dead letters of such a queue.
        """
        ...
