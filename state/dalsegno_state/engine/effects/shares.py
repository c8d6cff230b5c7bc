"""The share of a process's workers that the tasks of one host may keep busy."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final

WORKERS_PER_HOST: Final = 8
_RETRY_MS: Final = 1_000
_MORE_PER_WAITING_MS: Final = 10
_MAX_RETRY_MS: Final = 30_000


class Shares:
    """Workers of this process by the host that they call, so that a slow one never has all.

    A task that finds no worker free for its host comes again a little later, and the later the
    more of its kind are waiting: so asking again costs much the same, however many there are.
    """

    def __init__(self, limit: int = WORKERS_PER_HOST) -> None:
        self._limit = limit
        self._lock = Lock()
        self._busy: Counter[str] = Counter()
        self._waiting: dict[str, set[str]] = {}

    @contextmanager
    def of(self, task_id: str) -> Iterator["Share"]:
        """Yield a share that is given back at the end."""
        share = Share(self, task_id)
        try:
            yield share
        finally:
            if share.host:
                self._give_back(share.host)

    def taken(self, host: str, task_id: str) -> bool:
        """Return whether a worker was free for a task of this host, which it now has."""
        with self._lock:
            waiting = self._waiting.setdefault(host, set())
            is_free = self._busy[host] < self._limit
            if is_free:
                self._busy[host] += 1
                waiting.discard(task_id)
            else:
                waiting.add(task_id)
            return is_free

    def delay_ms(self, host: str) -> int:
        """Return after how long a task that waits for a worker should ask again."""
        with self._lock:
            waiting = len(self._waiting.get(host, ()))
        return min(_RETRY_MS + _MORE_PER_WAITING_MS * waiting, _MAX_RETRY_MS)

    def _give_back(self, host: str) -> None:
        with self._lock:
            self._busy[host] -= 1
            if self._busy[host] == 0:  # what still waits then was cancelled, or comes again
                del self._busy[host], self._waiting[host]


class Share:
    """The worker that one task may have."""

    def __init__(self, shares: Shares, task_id: str) -> None:
        self._shares = shares
        self._task_id = task_id
        self.host = ""

    def take(self, host: str) -> int | None:
        """Take a worker for a host; return after how many milliseconds to ask again, else None."""
        if not self.host:
            if not self._shares.taken(host, self._task_id):
                return self._shares.delay_ms(host)
            self.host = host
        return None
