"""What can go wrong around a workflow, and ports through which one such thing does."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from dalsegno_state.ports import Message, Ports, Queues, StateStore
from dalsegno_state.writes import Lost, Write

T = TypeVar("T")


class DisturbanceKind(StrEnum):
    """What goes wrong, in words; the simplest to understand come first."""

    WORKER_DIES_BEFORE = "a worker dies with the task in hand, before it has done anything"
    WORKER_DIES_AFTER = "a worker dies when its work is done, before it can report"
    REPORTED_TWICE = "a worker reports twice"
    MESSAGE_LOST = "a message is lost"
    MESSAGE_TWICE = "a message comes twice"
    ENGINE_DIES_BEFORE = "the engine's process dies before it writes"
    ENGINE_DIES_AFTER = "the engine's process dies when it has written"


@dataclass(frozen=True)
class Disturbance:
    """One thing that goes wrong, once.

    Attributes:
        number: At which of its occasions, counted from 0.
        occasion: What that is.
    """

    kind: DisturbanceKind
    number: int
    occasion: str

    def __str__(self) -> str:
        """Return what goes wrong, and when."""
        return f"{self.kind} ({self.occasion})"


class DeathError(BaseException):
    """The engine's process ends here; no ``except Exception`` may live through it."""


class Fate:
    """Counts the occasions for something to go wrong, and has it go wrong at one of them."""

    def __init__(self, disturbance: Disturbance | None = None) -> None:
        self._disturbance = disturbance
        self._met: Counter[DisturbanceKind] = Counter()
        self.occasions: list[Disturbance] = []

    @property
    def is_calm(self) -> bool:
        """Whether nothing is to go wrong."""
        return self._disturbance is None

    def strikes(self, kind: DisturbanceKind, occasion: str) -> bool:
        """Return whether it goes wrong this time."""
        here = Disturbance(kind, self._met[kind], occasion)
        self._met[kind] += 1
        self.occasions.append(here)
        wanted = self._disturbance
        return wanted is not None and (wanted.kind, wanted.number) == (kind, here.number)

    def write(self, occasion: str, act: Callable[[], T]) -> T:
        """Return what a write returns, unless the process dies at it."""
        if self.strikes(DisturbanceKind.ENGINE_DIES_BEFORE, occasion):
            raise DeathError(occasion)
        result = act()
        if self.strikes(DisturbanceKind.ENGINE_DIES_AFTER, occasion):
            raise DeathError(occasion)
        return result


def fateful_ports(ports: Ports, fate: Fate) -> Ports:
    """Return the same ports; whatever is written or sent through them may go wrong."""
    return Ports(
        state=cast("StateStore", _State(ports.state, fate)),
        definitions=cast("Any", _Port(ports.definitions, "definition", fate)),
        documents=cast("Any", _Port(ports.documents, "document", fate)),
        queues=cast("Queues", _Queues(ports.queues, fate)),
        payloads=cast("Any", _Port(ports.payloads, "payload", fate)),
        external=ports.external,
        archive=ports.archive,
        files=ports.files,
        limits=cast("Any", _Port(ports.limits, "limit", fate)),
        logs=ports.logs,
        polls=ports.polls,
        secrets=ports.secrets,
        clock=ports.clock,
    )


_WRITES: Final = frozenset(
    {
        "acquire_rate",
        "acquire_slot",
        "arrive",
        "create",
        "create_workflow",
        "delete",
        "put",
        "put_snapshot",
        "release_slot",
        "replace",
    }
)


class _Port:
    """Any port: its writes are occasions, its reads are not."""

    def __init__(self, port: Any, name: str, fate: Fate) -> None:
        self._port = port
        self._name = name
        self._fate = fate

    def __getattr__(self, method: str) -> Any:
        act = getattr(self._port, method)
        if method not in _WRITES:
            return act

        def write(*arguments: Any, **named: Any) -> Any:
            occasion = f"{self._name}: {method.replace('_', ' ')}"
            return self._fate.write(occasion, lambda: act(*arguments, **named))

        return write


class _State(_Port):
    """The state store: each write of a commit is one by itself."""

    def __init__(self, state: StateStore, fate: Fate) -> None:
        super().__init__(state, "state", fate)

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        for write in writes:
            lost = self._commit(write)
            if lost is not None:
                return lost
        return None

    def _commit(self, write: Write) -> Lost | None:
        def act() -> Lost | None:
            return cast("Lost | None", self._port.commit([write]))

        return self._fate.write(_shown(write), act)


class _Queues(_Port):
    """The queues: messages get lost on their way in, or come again on their way out."""

    def __init__(self, queues: Queues, fate: Fate) -> None:
        super().__init__(queues, "queue", fate)

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if not self._fate.strikes(DisturbanceKind.MESSAGE_LOST, f"in queue {message.queue}"):
                self._port.send([message])

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            if not self._fate.strikes(DisturbanceKind.MESSAGE_TWICE, f"in queue {queue}"):
                self._port.delete(queue, [receipt])


def _shown(write: Write) -> str:
    """Return what a write does, and to which task."""
    task = getattr(write, "task", None)
    ref = getattr(write, "ref", "workflow") if task is None else f"{task.ref} {task.status}"
    return f"{type(write).__name__} of {ref}"
