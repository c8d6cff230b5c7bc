"""The adapters that the contract suite runs against."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType
from typing import Protocol

import pytest
from _pytest.mark import ParameterSet

from dalsegno_state.ports import (
    Clock,
    DefinitionStore,
    Limits,
    PayloadStore,
    PollRecords,
    Ports,
    Queues,
    StateStore,
    TaskLogs,
)
from dalsegno_state.sqlite import open_ports
from tests.clock import ManualClock
from tests.contract import aws


class MovableClock(Clock, Protocol):
    """A clock the test can move, and with it the time that the adapter goes by."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


@dataclass(frozen=True)
class Adapter:
    """How one family of adapters is opened.

    Attributes:
        open: Returns the ports on a place (a directory that is the test's own), a clock, and the
            address of the server, which is empty without one.
        make_clock: Returns the clock that the adapter's queues go by.
        is_shared: Opened twice on one place, both see the same.
        has_priorities: Its queues serve larger priorities first, and in order within one.
        server: Fixture of the process that the adapter talks to, which gives its address.
        lacks: What its backend does otherwise than the real one, by the names of the tests
            that show it; those are skipped.
        lacks_threads: Why tests with threads say nothing about it, if so.
    """

    name: str
    open: Callable[[Path, Clock, str], AbstractContextManager[Ports]]
    make_clock: Callable[[], MovableClock] = ManualClock
    is_shared: bool = True
    has_priorities: bool = True
    server: str | None = None
    lacks: Mapping[str, str] = field(default_factory=dict)
    lacks_threads: str | None = None

    def skipped(self, test: FunctionType) -> str | None:
        """Return why a test is not run on this adapter, or None."""
        if self.lacks_threads and THREADS & set(test.__code__.co_names):
            return self.lacks_threads
        return self.lacks.get(test.__name__)


# A test that starts threads names one of these.
THREADS = {"ThreadPoolExecutor", "Thread", "race"}

# An adapter that is added here is tested against the whole contract.
ADAPTERS = (
    Adapter("sqlite-file", lambda place, clock, _: closing(open_ports(place, clock))),
    Adapter(
        "sqlite-memory", lambda _, clock, __: closing(open_ports(None, clock)), is_shared=False
    ),
    Adapter(
        "aws-moto",
        lambda place, clock, _: aws.open_on_moto(place, clock),
        make_clock=aws.MovedClock,
        has_priorities=False,
        lacks=aws.MOTO_LACKS,
        lacks_threads=aws.MOTO_LACKS_THREADS,
    ),
    Adapter(
        "aws-ministack",
        aws.open_on_ministack,
        make_clock=aws.MovedClock,
        has_priorities=False,
        server="ministack",
        lacks=aws.MINISTACK_LACKS,
    ),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each adapter that can do what the test asks for."""
    if "adapter" not in metafunc.fixturenames:
        return
    adapters = [
        adapter
        for adapter in ADAPTERS
        if (adapter.is_shared or "second_ports" not in metafunc.fixturenames)
        and (adapter.has_priorities or "ordered_queues" not in metafunc.fixturenames)
    ]
    metafunc.parametrize("adapter", [_parameter(adapter, metafunc) for adapter in adapters])


def _parameter(adapter: Adapter, metafunc: pytest.Metafunc) -> ParameterSet:
    reason = adapter.skipped(metafunc.function)
    marks = () if reason is None else (pytest.mark.skip(reason=reason),)
    return pytest.param(adapter, id=adapter.name, marks=marks)


@pytest.fixture
def clock(adapter: Adapter) -> MovableClock:
    return adapter.make_clock()


@pytest.fixture
def open_handle(
    adapter: Adapter, tmp_path: Path, clock: MovableClock, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Ports]]:
    address = "" if adapter.server is None else request.getfixturevalue(adapter.server)
    with ExitStack() as handles:
        yield lambda: handles.enter_context(adapter.open(tmp_path, clock, address))


@pytest.fixture
def ports(open_handle: Callable[[], Ports]) -> Ports:
    return open_handle()


@pytest.fixture
def second_ports(ports: Ports, open_handle: Callable[[], Ports]) -> Ports:
    """Another handle on the same place, as another process would have it."""
    return open_handle()


@pytest.fixture
def store(ports: Ports) -> StateStore:
    return ports.state


@pytest.fixture
def queues(ports: Ports) -> Queues:
    return ports.queues


@pytest.fixture
def ordered_queues(ports: Ports) -> Queues:
    return ports.queues


@pytest.fixture
def definitions(ports: Ports) -> DefinitionStore:
    return ports.definitions


@pytest.fixture
def payloads(ports: Ports) -> PayloadStore:
    return ports.payloads


@pytest.fixture
def limits(ports: Ports) -> Limits:
    return ports.limits


@pytest.fixture
def logs(ports: Ports) -> TaskLogs:
    return ports.logs


@pytest.fixture
def polls(ports: Ports) -> PollRecords:
    return ports.polls
