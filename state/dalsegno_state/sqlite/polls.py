"""Poll records in SQLite."""

from typing import Final

from dalsegno.models import EpochMillis, PollData
from dalsegno_state.sqlite.database import Database

_WRITE_EVERY_MS: Final = 1000

_RECORD: Final = """
    INSERT INTO polls(queue_name, domain, worker_id, document) VALUES (?, ?, ?, ?)
    ON CONFLICT (queue_name, domain, worker_id) DO UPDATE SET document = excluded.document
"""
_POLLS: Final = "SELECT document FROM polls ORDER BY queue_name, domain, worker_id"
_POLLS_OF_TYPE: Final = """
    SELECT document FROM polls WHERE queue_name = ? ORDER BY domain, worker_id
"""


class SqlitePollRecords:
    """See ``PollRecords``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._written_at: dict[tuple[str, str, str], EpochMillis] = {}

    def record(self, poll: PollData) -> None:
        """See ``PollRecords.record``."""
        key = (poll.queue_name, poll.domain or "", poll.worker_id or "")
        written_at = self._written_at.get(key)
        if written_at is not None and 0 <= poll.last_poll_time - written_at < _WRITE_EVERY_MS:
            return
        self._written_at[key] = poll.last_poll_time
        row = (*key, poll.to_wire_json().decode())
        self._database.write(
            lambda connection: connection.execute(_RECORD, row).rowcount, durable=False
        )

    def polls(self, task_type: str | None = None) -> list[PollData]:
        """See ``PollRecords.polls``."""
        if task_type is None:
            rows = self._database.read(_POLLS)
        else:
            rows = self._database.read(_POLLS_OF_TYPE, (task_type,))
        return [PollData.model_validate_json(document) for (document,) in rows]
