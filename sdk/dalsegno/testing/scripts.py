"""Which mock is for which attempt of which task."""

from collections.abc import Sequence

from dalsegno.models import Task
from dalsegno.testing.mocks import Completes, Mock


class Script:
    """What comes of a task, attempt by attempt; the last entry stands for all further ones.

    An attempt that is handed out once more gets the entry that it had before, unless that was
    ``InProgress``: so what comes of an attempt depends on nothing but the attempt.
    """

    def __init__(self, entries: Sequence[Mock]) -> None:
        self._entries = list(entries) or [Completes()]

    def entry(self, number: int) -> Mock:
        """Return the entry of the attempt with that number, counted from 0."""
        return self._entries[min(number, len(self._entries) - 1)]


class Mocks:
    """The scripts of a test, by the reference name, name or type of the tasks they are for."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}

    def add(self, name: str, entries: Sequence[Mock]) -> None:
        """Let a script stand in for a task."""
        self.scripts[name] = Script(entries)

    def key_of(self, task: Task) -> str | None:
        """Return the name by which a task is mocked, the most particular first; or None."""
        names = (
            task.reference_task_name,
            task.workflow_task.task_reference_name,
            task.task_def_name,
            task.task_type,
        )
        return next((name for name in names if name in self.scripts), None)


class Numbers:
    """Which number each attempt has among those of its mock.

    Kept from one run to another, it gives each attempt the same number, whatever comes first.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._next: dict[str, int] = {}

    def number(self, key: str, attempt: str, callbacks: int) -> int:
        """Return the number of an attempt; each callback counts as one."""
        identity = (key, attempt, callbacks)
        if identity not in self._numbers:
            self._numbers[identity] = self._next.get(key, 0)
            self._next[key] = self._numbers[identity] + 1
        return self._numbers[identity]
