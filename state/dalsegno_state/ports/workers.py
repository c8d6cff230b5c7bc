"""What is known of workers and what they work on: limits, logs, polls, secrets."""

from collections.abc import Sequence
from typing import Protocol

from dalsegno.models import (
    EpochMillis,
    JsonValue,
    PollData,
    TaskExecLog,
)


class Limits(Protocol):
    """Slots of a task definition: how many run at once, how many start in a window."""

    def acquire_slot(
        self, name: str, task_id: str, *, limit: int, until: EpochMillis, now: EpochMillis
    ) -> bool:
        """Take one of ``limit`` slots until ``until``; True if taken or held by it already."""
        ...

    def release_slot(self, name: str, task_id: str) -> None:
        """Give a slot back; absent is fine."""
        ...

    def acquire_rate(
        self, name: str, *, limit: int, window_ms: int, now: EpochMillis
    ) -> EpochMillis | None:
        """Count one start in the sliding window.

        Return None if granted, else when it is worth trying again.
        """
        ...


class TaskLogs(Protocol):
    """Lines that workers wrote about a task."""

    def append(self, workflow_id: str, lines: Sequence[TaskExecLog]) -> None:
        """Keep lines, each under its task id."""
        ...

    def lines(self, workflow_id: str, task_id: str) -> list[TaskExecLog]:
        """Return a task's lines, oldest first."""
        ...


class PollRecords(Protocol):
    """Who polled which queue last."""

    def record(self, poll: PollData) -> None:
        """Remember a poll; of one queue, domain and worker only one in some seconds."""
        ...

    def polls(self, task_type: str | None = None) -> list[PollData]:
        """Return the last polls of a task type, or of all."""
        ...


class Secrets(Protocol):
    """Named secrets and environment values for expressions; never the server's environment.

    Both are text. What is the text of a JSON object or array is one to expressions; any other is
    a string to them, so that a password of digits stays as it was typed. Expressions see a change
    within a minute, whoever asks for the text at once.
    """

    def secret(self, name: str) -> JsonValue:
        """Return a secret as expressions see it, or None."""
        ...

    def secret_text(self, name: str) -> str | None:
        """Return a secret as it was put, or None."""
        ...

    def secret_exists(self, name: str) -> bool:
        """Return whether there is such a secret, without reading it."""
        ...

    def secret_names(self) -> list[str]:
        """Return the names of all secrets, ordered; new ones may take minutes to be listed."""
        ...

    def put_secret(self, name: str, value: str) -> None:
        """Store a secret, replacing that name."""
        ...

    def delete_secret(self, name: str) -> bool:
        """Delete a secret; return whether it existed."""
        ...

    def environment(self, name: str) -> JsonValue:
        """Return an environment value as expressions see it, or None."""
        ...

    def environment_text(self, name: str) -> str | None:
        """Return an environment value as it was put, or None."""
        ...

    def environment_values(self) -> dict[str, str]:
        """Return all environment values as they were put, ordered by name."""
        ...

    def put_environment(self, name: str, value: str) -> None:
        """Store an environment value, replacing that name; at least one character."""
        ...

    def delete_environment(self, name: str) -> bool:
        """Delete an environment value; return whether it existed."""
        ...
