"""The adapters that the contract suite runs against."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

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


class MovableClock(Clock, Protocol):
    """A clock the test can move; one that really waits where the adapter keeps the time."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""


@dataclass(frozen=True)
class Adapter:
    """How one family of adapters is opened.

    Attributes:
        open: Returns the ports on a place (a directory that is the test's own) and a clock.
        make_clock: Returns the clock that the adapter's queues go by.
        is_shared: Opened twice on one place, both see the same.
        has_priorities: Its queues serve larger priorities first, and in order within one.
    """

    name: str
    open: Callable[[Path, Clock], AbstractContextManager[Ports]]
    make_clock: Callable[[], MovableClock] = ManualClock
    is_shared: bool = True
    has_priorities: bool = True


# An adapter that is added here is tested against the whole contract.
ADAPTERS = (
    Adapter("sqlite-file", lambda place, clock: closing(open_ports(place, clock))),
    Adapter("sqlite-memory", lambda _, clock: closing(open_ports(None, clock)), is_shared=False),
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
    metafunc.parametrize("adapter", adapters, ids=[adapter.name for adapter in adapters])


@pytest.fixture
def clock(adapter: Adapter) -> MovableClock:
    return adapter.make_clock()


@pytest.fixture
def open_handle(
    adapter: Adapter, tmp_path: Path, clock: MovableClock
) -> Iterator[Callable[[], Ports]]:
    with ExitStack() as handles:
        yield lambda: handles.enter_context(adapter.open(tmp_path, clock))


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
