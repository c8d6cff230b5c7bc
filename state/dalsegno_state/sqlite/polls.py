"""Poll records in SQLite."""

from sqlite3 import Connection
from typing import Final

from dalsegno.models import EpochMillis, PollData
from dalsegno_state.sqlite.database import Database

_WRITE_EVERY_MS: Final = 1000
# More pollers than any one process serves; those that polled longest ago make room.
_MAX_POLLERS: Final = 2000
_TIDY_EVERY: Final = 100

_RECORD: Final = """
    INSERT INTO polls(queue_name, domain, worker_id, document) VALUES (?, ?, ?, ?)
    ON CONFLICT (queue_name, domain, worker_id) DO UPDATE SET document = excluded.document
"""
_TIDY: Final = """
    DELETE FROM polls WHERE (queue_name, domain, worker_id) IN (
        SELECT queue_name, domain, worker_id FROM polls
        ORDER BY json_extract(document, '$.lastPollTime') DESC LIMIT -1 OFFSET ?
    )
"""
_POLLS: Final = "SELECT document FROM polls ORDER BY queue_name, domain, worker_id"
_POLLS_OF_TYPE: Final = """
    SELECT document FROM polls WHERE queue_name = ? ORDER BY domain, worker_id
"""


class SqlitePollRecords:
    """See ``PollRecords``; keeps the newest ``max_pollers``."""

    def __init__(self, database: Database, max_pollers: int = _MAX_POLLERS) -> None:
        self._database = database
        self._max_pollers = max_pollers
        self._written_at: dict[tuple[str, str, str], EpochMillis] = {}
        self._written = 0

    def record(self, poll: PollData) -> None:
        """See ``PollRecords.record``."""
        key = (poll.queue_name, poll.domain or "", poll.worker_id or "")
        written_at = self._written_at.get(key)
        if written_at is not None and 0 <= poll.last_poll_time - written_at < _WRITE_EVERY_MS:
            return
        self._written_at.pop(key, None)
        self._written_at[key] = poll.last_poll_time  # the newest is last
        while len(self._written_at) > self._max_pollers:
            self._written_at.pop(next(iter(self._written_at)), None)
        self._written += 1
        is_tidied = self._written % _TIDY_EVERY == 0
        row = (*key, poll.to_wire_json().decode())

        def write(connection: Connection) -> None:
            connection.execute(_RECORD, row)
            if is_tidied:
                connection.execute(_TIDY, (self._max_pollers,))

        self._database.write(write, durable=False)

    def polls(self, task_type: str | None = None) -> list[PollData]:
        """See ``PollRecords.polls``."""
        if task_type is None:
            rows = self._database.read(_POLLS)
        else:
            rows = self._database.read(_POLLS_OF_TYPE, (task_type,))
        return [PollData.model_validate_json(document) for (document,) in rows]
