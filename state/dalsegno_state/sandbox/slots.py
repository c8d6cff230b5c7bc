"""The line in which scripts wait for a child process."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from threading import Event, Lock
from time import monotonic
from typing import Final, Generic, TypeVar

from dalsegno_state.scripts import ScriptsBusyError

_S = TypeVar("_S")

# A name with a script that runs longer than this is not given the last free slot.
_SLOW_SECONDS: Final = 0.5


@dataclass(slots=True)
class _Ticket(Generic[_S]):
    """One place in the line; ``slots`` holds what it was given, once it was."""

    called: Event = field(default_factory=Event)
    slots: list[_S] = field(default_factory=list)


class Slots(Generic[_S]):
    """Gives a few slots to many threads, which wait in one line for each name.

    The lines are served in turn, so that a name with many scripts does not keep others waiting
    for more than one of its own. Nor does a name take all slots with scripts that run for long:
    what waits behind them in a queue may be quick.

    Args:
        slots: What is given out; last in, first out.
        wait_seconds: How long a thread waits at most.
        max_waiting: How many may wait, all names together.
        max_waiting_of_one: How many may wait of one name.
    """

    def __init__(
        self, slots: list[_S], *, wait_seconds: float, max_waiting: int, max_waiting_of_one: int
    ) -> None:
        self._free = slots
        self._count = len(slots)
        self._wait_seconds = wait_seconds
        self._max_waiting = max_waiting
        self._max_waiting_of_one = max_waiting_of_one
        self._lines: OrderedDict[str, deque[_Ticket[_S]]] = OrderedDict()
        self._held: dict[_S, tuple[str, float]] = {}  # by whom, and since when
        self._lock = Lock()

    def acquire(self, name: str) -> _S:
        """Return a slot for a script of ``name``.

        Raises:
            ScriptsBusyError: None became free in time, or too many wait already, or only one is
                free and the name has a slow script in another.
        """
        with self._lock:
            if self._count > 1 >= len(self._free) and self._is_slow(name):
                raise ScriptsBusyError
            if self._free and not self._lines:
                return self._given(self._free.pop(), name)
            ticket = self._queued(name)
        ticket.called.wait(self._wait_seconds)
        with self._lock:
            if ticket.slots:
                return ticket.slots.pop()
            self._leave(name, ticket)
        raise ScriptsBusyError

    def release(self, slot: _S) -> None:
        """Take a slot back and give it to the first of the line whose turn it is."""
        with self._lock:
            del self._held[slot]
            if not self._lines:
                self._free.append(slot)
                return
            name, line = self._lines.popitem(last=False)
            ticket = line.popleft()
            if line:
                self._lines[name] = line
            ticket.slots.append(self._given(slot, name))
        ticket.called.set()

    def _given(self, slot: _S, name: str) -> _S:
        self._held[slot] = (name, monotonic())
        return slot

    def _is_slow(self, name: str) -> bool:
        now = monotonic()
        return any(
            holder == name and now - since > _SLOW_SECONDS for holder, since in self._held.values()
        )

    def _queued(self, name: str) -> _Ticket[_S]:
        waiting = sum(map(len, self._lines.values()))
        of_one = len(self._lines.get(name, ()))
        if waiting >= self._max_waiting or of_one >= self._max_waiting_of_one:
            raise ScriptsBusyError
        ticket: _Ticket[_S] = _Ticket()
        self._lines.setdefault(name, deque()).append(ticket)
        return ticket

    def _leave(self, name: str, ticket: _Ticket[_S]) -> None:
        line = self._lines[name]
        line.remove(ticket)
        if not line:
            del self._lines[name]
