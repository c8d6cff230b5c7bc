"""Task logs in SQLite."""

from collections.abc import Sequence

from dalsegno.models import TaskExecLog
from dalsegno_state.sqlite.database import Database


class SqliteTaskLogs:
    """See ``TaskLogs``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, workflow_id: str, lines: Sequence[TaskExecLog]) -> None:
        """See ``TaskLogs.append``.

        Raises:
            ValueError: A line names no task.
        """
        if any(line.task_id is None for line in lines):
            raise ValueError("a log line must name its task")
        if not lines:
            return
        rows = [(workflow_id, line.task_id, line.to_wire_json().decode()) for line in lines]
        self._database.write(
            lambda connection: (
                connection.executemany(
                    "INSERT INTO logs(workflow_id, task_id, document) VALUES (?, ?, ?)", rows
                ).rowcount
            )
        )

    def lines(self, workflow_id: str, task_id: str) -> list[TaskExecLog]:
        """See ``TaskLogs.lines``."""
        rows = self._database.read(
            "SELECT document FROM logs WHERE workflow_id = ? AND task_id = ? ORDER BY log_id",
            (workflow_id, task_id),
        )
        return [TaskExecLog.model_validate_json(document) for (document,) in rows]
