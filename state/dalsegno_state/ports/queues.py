"""Messages: hints that may come late, twice, or never."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import (
    EpochMillis,
    Seconds,
)
from dalsegno_state.ports.caller import STAYS, Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A hint to be delivered once or more, or never.

    Attributes:
        queue: Name of the queue.
        body: What the consumer gets; at most 256 KB.
        deliver_at: Not before this time; None for at once.
        priority: 0 to 99, larger served first where the queue can.
    """

    queue: str
    body: str
    deliver_at: EpochMillis | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message in a consumer's hands, hidden from others until its visibility ends."""

    body: str
    receipt: str
    delivery_count: int = 1


class Queues(Protocol):
    """At-least-once queues, created when first used."""

    def send(self, messages: Sequence[Message]) -> None:
        """Store messages; returns only when all of them are stored."""
        ...

    def receive(
        self,
        queue: str,
        *,
        count: int,
        wait_seconds: float,
        visibility_seconds: Seconds,
        caller: Caller = STAYS,
    ) -> list[Received]:
        """Return up to ``count`` messages, waiting up to ``wait_seconds`` for the first.

        The wait ends early, with nothing, if the adapter notices that ``caller`` has left.
        """
        ...

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """Forget received messages."""
        ...

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """Hide a received message for longer, then deliver it again."""
        ...

    def sizes(self, names: Iterable[str] | None = None) -> dict[str, "QueueSize"]:
        """Return the size of each named queue, of all queues if None."""
        ...


@dataclass(frozen=True, slots=True)
class QueueSize:
    """How many messages wait in a queue, and how many are in consumers' hands."""

    size: int
    unacknowledged: int
