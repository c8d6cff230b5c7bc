"""Orders, and how far each of them has come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent

FINISHED: Final = frozenset({"COMPLETED", "FAILED", "TERMINATED", "TIMED_OUT"})
_OPEN: Final = frozenset({"SCHEDULED", "IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer asks for.

    Attributes:
        document: The order as the workflow gets it.
        is_custom: It waits until the luthier has agreed to its wishes.
        is_beyond_card: Its card pays the deposit but not the balance.
    """

    id: str
    customer: str
    instrument: str
    is_custom: bool
    is_beyond_card: bool
    document: dict[str, object]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one step of an order's workflow."""

    ref: str
    type: str
    status: str
    number: int
    task_id: str
    output: str
    reason: str

    @property
    def is_open(self) -> bool:
        """True while it has not ended."""
        return self.status in _OPEN


@dataclass(frozen=True, slots=True)
class Progress:
    """An order's workflow as the server last showed it.

    Attributes:
        attempts: Every attempt at every step, in the order in which they began.
        failure_workflow_id: The workflow that cleans up after it, if it failed.
    """

    order: Order
    workflow_id: str
    status: str = "RUNNING"
    reason: str = ""
    attempts: tuple[Attempt, ...] = ()
    failure_workflow_id: str | None = None

    def latest(self, ref: str) -> Attempt | None:
        """Return the latest attempt at a step, or None if it has not begun."""
        return next((a for a in reversed(self.attempts) if a.ref == ref), None)

    def parts(self) -> list[Attempt]:
        """Return the latest attempt at each part of the instrument."""
        latest = {a.ref: a for a in self.attempts if a.type == "source_part"}
        return list(latest.values())

    def finished_attempts(self) -> Iterator[tuple[str, Attempt]]:
        """Yield every attempt that has ended, with a name unique in the demo."""
        for attempt in self.attempts:
            if not attempt.is_open:
                yield f"{self.workflow_id}/{attempt.ref}/{attempt.number}", attempt


def read_orders() -> list[Order]:
    """Return the orders of the demo."""
    documents = json.loads((HERE / "orders.json").read_text(encoding="utf-8"))
    return [
        Order(
            id=document["id"],
            customer=document["customer"],
            instrument=document["instrument"],
            is_custom="wishes" in document,
            is_beyond_card="_limit_" in document["card"],
            document=document,
        )
        for document in documents
    ]
