"""Where a world's state is kept, and what of it no port tells."""

import json
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Protocol

from dalsegno.models import EpochMillis
from dalsegno_state.engine import Engine
from dalsegno_state.ports import Ports
from dalsegno_state.sqlite import open_ports
from tests.clock import ManualClock
from tests.crash.ports import Calls, dying_ports


class Installation(Protocol):
    """State, queues and timers, in the hands of a test."""

    @property
    def ports(self) -> Ports:
        """What the test itself looks at and registers with: nothing ever dies of it."""
        ...

    def process(self, calls: Calls) -> Ports:
        """Return the ports of a new process, which remembers nothing; its calls are counted."""
        ...

    def running(self, function: str) -> AbstractContextManager[None]:
        """Have what follows done by a function, where functions have rights."""
        ...

    def expect_nothing_denied(self) -> None:
        """Raise AssertionError if AWS would have refused a request, or dropped an invocation."""
        ...

    def sweep(self, engine: Engine, ports: Ports) -> None:
        """Do what is done each minute, with the engine and the ports of a process."""
        ...

    def workflow_ids(self) -> list[str]:
        """Return the ids of all workflows, ordered."""
        ...

    def next_wake_at(self) -> EpochMillis | None:
        """Return when the first workflow is due, or None."""
        ...

    def ready_queues(self) -> list[str]:
        """Return the names of queues with a message to be had now."""
        ...

    def next_message_at(self, but: Collection[str]) -> EpochMillis | None:
        """Return when the next message shows that does not show yet, in other queues than these."""
        ...

    def messages(self) -> list[tuple[str, str]]:
        """Return queue and body of every message there is, those in hand or to come included."""
        ...

    def forget_messages(self) -> None:
        """Lose every message there is."""
        ...

    def held_slots(self) -> list[str]:
        """Return who holds a slot of a limit."""
        ...

    def rate_limits(self) -> list[str]:
        """Return the groups of rate-limited workflows of which any holds a slot or waits."""
        ...


class OnSqlite:
    """See ``Installation``; in memory unless a directory is given."""

    def __init__(self, clock: ManualClock, directory: Path | None = None) -> None:
        self._clock = clock
        self.ports = open_ports(directory, clock)

    def process(self, calls: Calls) -> Ports:
        """See ``Installation.process``."""
        return dying_ports(self.ports, calls)

    def running(self, function: str) -> AbstractContextManager[None]:
        """See ``Installation.running``; a process may do everything."""
        return nullcontext()

    def expect_nothing_denied(self) -> None:
        """See ``Installation.expect_nothing_denied``."""

    def sweep(self, engine: Engine, ports: Ports) -> None:
        """See ``Installation.sweep``."""
        engine.sweep()

    def workflow_ids(self) -> list[str]:
        """See ``Installation.workflow_ids``."""
        return self._column("SELECT workflow_id FROM workflows ORDER BY 1")

    def next_wake_at(self) -> EpochMillis | None:
        """See ``Installation.next_wake_at``."""
        return self._first("SELECT min(wake_at) FROM workflows")

    def ready_queues(self) -> list[str]:
        """See ``Installation.ready_queues``."""
        return self._column(
            "SELECT DISTINCT queue FROM messages WHERE coalesce(hidden_until, 0) <= ?",
            self._clock.now(),
        )

    def next_message_at(self, but: Collection[str]) -> EpochMillis | None:
        """See ``Installation.next_message_at``."""
        return self._first(
            "SELECT min(hidden_until) FROM messages "
            "WHERE queue NOT IN (SELECT value FROM json_each(?))",
            json.dumps(list(but)),
        )

    def messages(self) -> list[tuple[str, str]]:
        """See ``Installation.messages``."""
        rows = self.ports.database.read("SELECT queue, body FROM messages")
        return [(queue, body) for queue, body in rows]

    def forget_messages(self) -> None:
        """See ``Installation.forget_messages``."""
        self.ports.database.write(lambda connection: connection.execute("DELETE FROM messages"))

    def held_slots(self) -> list[str]:
        """See ``Installation.held_slots``."""
        return self._column("SELECT task_id FROM slots WHERE until > ?", self._clock.now())

    def rate_limits(self) -> list[str]:
        """See ``Installation.rate_limits``."""
        return self._column("SELECT kind FROM documents WHERE kind LIKE 'rate-%'")

    def _column(self, query: str, *values: object) -> list[str]:
        return [value for (value,) in self.ports.database.read(query, values)]

    def _first(self, query: str, *values: object) -> EpochMillis | None:
        ((found,),) = self.ports.database.read(query, values)
        return None if found is None else int(found)
