"""Where tasks come from, and where their results go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from dalsegno.models import JsonObject, Task, TaskResult


class Delivery(Protocol):
    """A task in hand, which is this worker's until its lease runs out."""

    @property
    def task(self) -> Task:
        """The task."""
        ...

    @property
    def lease_seconds(self) -> float:
        """How long the lease holds from the last renewal; 0 if it does not run out."""
        ...

    async def is_open(self) -> bool:
        """Return whether a result is still of use. Raises ConductorError."""
        ...

    async def renew(self, progress: JsonObject | None) -> None:
        """Begin the lease anew, and show a progress if there is one. Raises ConductorError."""
        ...

    async def send(self, result: TaskResult) -> "Delivery | None":
        """Hand over the result; once this returns the task is not this worker's any more.

        Returns:
            Another task of the type, if one came with the answer.

        Raises:
            ConductorError: It was not taken; ``retryable`` if it may be another time.
        """
        ...

    async def give_back(self) -> None:
        """Let others have the task at once. Raises ConductorError."""
        ...

    async def drop(self) -> None:
        """Let go of a task that no result is wanted of. Raises ConductorError."""
        ...


@dataclass(frozen=True, slots=True)
class Ask:
    """What a worker function asks a source for.

    Attributes:
        count: The most tasks.
        wait_seconds: How long to wait for the first.
    """

    task_type: str
    domain: str | None
    count: int
    wait_seconds: float


Deliveries: TypeAlias = Sequence[Delivery]


class Source(Protocol):
    """Hands out tasks."""

    async def receive(self, ask: Ask) -> Deliveries:
        """Return tasks, none of which is in hand already. Raises ConductorError."""
        ...

    async def close(self) -> None:
        """Give up what is open; all results have been sent."""
        ...
