"""Concurrency slots and rate windows in SQLite."""

from sqlite3 import Connection

from dalsegno.models import EpochMillis
from dalsegno_state.sqlite.database import Database

# A power cut may forget a slot or a start: the claim it was taken for is committed after it and
# durably, so it takes the slot along; without the claim the slot is not wanted.
_DURABLE = False


class SqliteLimits:
    """See ``Limits``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire_slot(
        self, name: str, task_id: str, *, limit: int, until: EpochMillis, now: EpochMillis
    ) -> bool:
        """See ``Limits.acquire_slot``; a slot that is held is held until the later ``until``."""

        def acquire(connection: Connection) -> bool:
            connection.execute("DELETE FROM slots WHERE name = ? AND until <= ?", (name, now))
            held = connection.execute(
                "UPDATE slots SET until = max(until, ?) WHERE name = ? AND task_id = ?",
                (until, name, task_id),
            )
            if held.rowcount:
                return True
            taken = connection.execute(
                "INSERT INTO slots(name, task_id, until) SELECT ?, ?, ? "
                "WHERE (SELECT count(*) FROM slots WHERE name = ?) < ?",
                (name, task_id, until, name, limit),
            )
            return taken.rowcount > 0

        return self._database.write(acquire, durable=_DURABLE)

    def release_slot(self, name: str, task_id: str) -> None:
        """See ``Limits.release_slot``."""
        self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM slots WHERE name = ? AND task_id = ?", (name, task_id)
                ).rowcount
            ),
            durable=_DURABLE,
        )

    def acquire_rate(
        self, name: str, *, limit: int, window_ms: int, now: EpochMillis
    ) -> EpochMillis | None:
        """See ``Limits.acquire_rate``."""

        def acquire(connection: Connection) -> EpochMillis | None:
            connection.execute(
                "DELETE FROM starts WHERE name = ? AND started_at <= ?", (name, now - window_ms)
            )
            # With the limit-th latest start still in the window there is no room for another.
            blocking = connection.execute(
                "SELECT started_at FROM starts WHERE name = ? "
                "ORDER BY started_at DESC LIMIT 1 OFFSET ?",
                (name, limit - 1),
            ).fetchone()
            if blocking is not None:
                return int(blocking[0]) + window_ms
            connection.execute("INSERT INTO starts(name, started_at) VALUES (?, ?)", (name, now))
            return None

        if limit <= 0:
            return now + window_ms
        return self._database.write(acquire, durable=_DURABLE)
