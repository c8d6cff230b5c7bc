"""The kit's wiring: the engine's ports in memory, and one sandbox for all tests of a process."""

from collections.abc import Callable
from functools import cache
from weakref import finalize

from dalsegno.models import EpochMillis
from dalsegno.testing.clock import ManualClock
from dalsegno_state.engine import Engine
from dalsegno_state.ports import HttpClient, Ports, Services
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.scripts import Scripts
from dalsegno_state.sqlite import open_ports


class Memory:
    """Everything that is stored in a test, and what of it no port tells."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._opened = open_ports(None, clock)
        self.ports: Ports = self._opened
        finalize(self, self._opened.close)

    def workflow_ids(self) -> list[str]:
        """Return the ids of all workflows, in the order in which they came to be stored."""
        rows = self._opened.database.read("SELECT workflow_id FROM workflows ORDER BY rowid")
        return [workflow_id for (workflow_id,) in rows]

    def next_wake_at(self) -> EpochMillis | None:
        """Return when the first workflow is due, or None."""
        return self._first("SELECT min(wake_at) FROM workflows")

    def ready_queues(self) -> list[str]:
        """Return the names of queues with a message to be had now."""
        rows = self._opened.database.read(
            "SELECT DISTINCT queue FROM messages WHERE coalesce(hidden_until, 0) <= ?",
            (self.clock.now(),),
        )
        return [queue for (queue,) in rows]

    def next_message_at(self) -> EpochMillis | None:
        """Return when the next message shows that does not show yet."""
        return self._first("SELECT min(hidden_until) FROM messages")

    def _first(self, query: str) -> EpochMillis | None:
        ((found,),) = self._opened.database.read(query)
        return None if found is None else int(found)


def engine_on(
    ports: Ports,
    http: HttpClient,
    services: Services,
    scripts: Callable[[], Scripts] | None = None,
) -> Engine:
    """Return an engine on these ports that reaches nothing but what it is given."""
    return Engine(ports, (scripts or shared_scripts)(), http, services=services)


def outbound_http() -> HttpClient:
    """Return a client that really makes calls."""
    from dalsegno_state.outbound_http import GuardedHttpClient

    return GuardedHttpClient(allow_private=True)


@cache
def shared_scripts() -> Scripts:
    """Return the sandbox of this process; its children end with it."""
    return SandboxedScripts()
