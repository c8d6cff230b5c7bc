"""Ports that die: every call is numbered, and the process can end before or after any of them."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias, TypeVar, cast

from dalsegno.errors import UnavailableError
from dalsegno_state.ports import FunctionInvoker, HttpClient, Message, Ports, Queues, StateStore
from dalsegno_state.writes import Lost, Write

T = TypeVar("T")

# The name of a call, and how many calls of that name come before it.
NthCall: TypeAlias = tuple[str, int]

# Calls that leave everything as it was: dying after one is dying before the next.
READS: Final = frozenset(
    {
        "state.workflow",
        "state.tasks",
        "state.recent",
        "state.latest",
        "state.all_tasks",
        "state.attempts",
        "state.attempt",
        "state.arrivals",
        "state.due",
        "state.ended",
        "state.children",
        "state.search",
        "definitions.revision",
        "definitions.workflow_def",
        "definitions.task_def",
        "definitions.snapshot",
        "documents.get",
        "documents.documents",
        "payloads.get",
        "external.location",
        "external.read",
        "polls.polls",
        "secrets.secret",
        "secrets.secret_text",
        "secrets.secret_exists",
        "secrets.secret_names",
        "secrets.environment",
        "secrets.environment_text",
        "secrets.environment_values",
    }
)


class CrashError(BaseException):
    """The process ends here; no ``except Exception`` may live through it."""


class Side(StrEnum):
    """Whether the call that the process dies at has taken effect; or that it is only refused."""

    BEFORE = "before"
    AFTER = "after"
    REFUSED = "refused"


@dataclass
class Calls:
    """The calls made so far, and those to die at.

    Attributes:
        crashes: The number of a call, counted from 0, and the side of it to die on.
        refusals: Calls to refuse: a name, and how many calls of that name come before.
        names: Port and method of each call made; a commit and a send are one call per item.
        made: How many calls of each name were made.
        acts: For each call, the number of the first call of the same act; see ``begin_act``.
        died_at: Numbers of the calls at which the process did die, or that were refused.
        interrupt: Asked before each call: others may be at work meanwhile.
    """

    crashes: Mapping[int, Side] = field(default_factory=dict)
    refusals: Collection[NthCall] = ()
    names: list[str] = field(default_factory=list)
    made: Counter[str] = field(default_factory=Counter)
    acts: list[int] = field(default_factory=list)
    died_at: list[int] = field(default_factory=list)
    interrupt: Callable[[], None] | None = None
    _act: int = 0

    def begin_act(self) -> None:
        """Begin what a death cuts short: a request, a message or a sweep taken in."""
        self._act = len(self.names)

    def strikes(self) -> str:
        """Return the calls at which the process died, or that were refused, in words."""
        struck = ((n, self.crashes.get(n, Side.REFUSED)) for n in self.died_at)
        return ", ".join(f"{side} call {n}, {self.names[n]}" for n, side in struck)

    def make(self, name: str, act: Callable[[], T]) -> T:
        """Return what a call returns, unless the process dies at it."""
        number = len(self.names)
        self.names.append(name)
        self.acts.append(self._act)
        side = self.crashes.get(number)
        if (name, self.made[name]) in self.refusals:
            side = Side.REFUSED
        self.made[name] += 1
        if self.interrupt is not None:
            self._step_aside(self.interrupt)
        if side is Side.BEFORE:
            self._die(number)
        if side is Side.REFUSED:
            self.died_at.append(number)
            raise UnavailableError(f"call {number}, {name}: not now")
        try:
            return act()
        finally:
            if side is Side.AFTER:
                self._die(number)

    def _step_aside(self, interrupt: Callable[[], None]) -> None:
        """Let others act; they are neither interrupted themselves, nor do they die."""
        crashes, self.crashes, self.interrupt = self.crashes, {}, None
        try:
            interrupt()
        finally:
            self.crashes, self.interrupt = crashes, interrupt

    def _die(self, number: int) -> None:
        self.died_at.append(number)
        raise CrashError(f"call {number}, {self.names[number]}")


def dying_ports(ports: Ports, calls: Calls) -> Ports:
    """Return the same ports, with every call through them counted; the clock reaches nothing."""
    return Ports(
        state=cast("StateStore", _State(ports.state, "state", calls)),
        definitions=cast("Any", _Port(ports.definitions, "definitions", calls)),
        documents=cast("Any", _Port(ports.documents, "documents", calls)),
        queues=cast("Queues", _Queues(ports.queues, "queues", calls)),
        payloads=cast("Any", _Port(ports.payloads, "payloads", calls)),
        external=cast("Any", _Port(ports.external, "external", calls)),
        archive=cast("Any", _Port(ports.archive, "archive", calls)),
        files=cast("Any", _Port(ports.files, "files", calls)),
        limits=cast("Any", _Port(ports.limits, "limits", calls)),
        logs=cast("Any", _Port(ports.logs, "logs", calls)),
        polls=cast("Any", _Port(ports.polls, "polls", calls)),
        secrets=cast("Any", _Port(ports.secrets, "secrets", calls)),
        clock=ports.clock,
    )


def dying_http(client: HttpClient, calls: Calls) -> HttpClient:
    """Return the same client, with every request counted."""
    return cast("HttpClient", _Port(client, "http", calls))


def dying_functions(functions: FunctionInvoker, calls: Calls) -> FunctionInvoker:
    """Return the same invoker, with every invocation counted."""
    return cast("FunctionInvoker", _Port(functions, "functions", calls))


class _Port:
    """Any port: each of its methods is one call."""

    def __init__(self, port: object, name: str, calls: Calls) -> None:
        self._port = port
        self._name = name
        self._calls = calls

    def __getattr__(self, method: str) -> Callable[..., Any]:
        act = getattr(self._port, method)

        def call(*arguments: Any, **named: Any) -> Any:
            return self._calls.make(
                f"{self._name}.{method}", lambda: _read_out(act(*arguments, **named))
            )

        return call


class _State(_Port):
    """The state store: each write of a commit is a request of its own."""

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        for write in writes:
            lost = self._calls.make(
                f"state.commit {type(write).__name__}",
                lambda write=write: self._port.commit([write]),  # type: ignore[attr-defined,misc]
            )
            if lost is not None:
                return cast("Lost", lost)
        return None


class _Queues(_Port):
    """The queues: each message is a request of its own."""

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._calls.make(
                "queues.send",
                lambda message=message: self._port.send([message]),  # type: ignore[attr-defined,misc]
            )


def _read_out(value: object) -> object:
    """Return what a lazy read yields at once: it is one call however far it is read."""
    return iter(list(value)) if isinstance(value, Iterator) else value
