"""Task logs in DynamoDB: one item for the lines of one task in one request."""

import secrets
from collections.abc import Sequence
from itertools import count
from typing import Final

from dalsegno.models import TaskExecLog
from dalsegno_state.aws import layout
from dalsegno_state.aws.codec import encode_json, pack, unpack
from dalsegno_state.aws.table import Item, Table, key
from dalsegno_state.ports import Clock

# Lines of one request are cut into items well below DynamoDB's 400 KB.
_LINES_BYTES: Final = 200_000


class DynamoTaskLogs:
    """See ``TaskLogs``; lines of different processes come in order of the millisecond."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock
        self._numbers = count()

    def append(self, workflow_id: str, lines: Sequence[TaskExecLog]) -> None:
        """See ``TaskLogs.append``.

        Raises:
            ValueError: A line names no task.
        """
        by_task: dict[str, list[TaskExecLog]] = {}
        for line in lines:
            if line.task_id is None:
                raise ValueError("a log line must name its task")
            by_task.setdefault(line.task_id, []).append(line)
        items = [
            self._item(workflow_id, task_id, part)
            for task_id, of_task in by_task.items()
            for part in _parts(of_task)
        ]
        if len(items) == 1:
            self._table.put(items[0])
        else:
            self._table.put_many(items)

    def lines(self, workflow_id: str, task_id: str) -> list[TaskExecLog]:
        """See ``TaskLogs.lines``."""
        items = self._table.under(layout.workflow_pk(workflow_id), layout.logs_sk(task_id))
        return [
            TaskExecLog.model_validate_json(line)
            for item in items
            for line in unpack(item["d"]).split("\n")
        ]

    def _item(self, workflow_id: str, task_id: str, lines: list[str]) -> Item:
        stamp = f"{self._clock.now():015d}.{next(self._numbers):08d}.{secrets.token_hex(4)}"
        return {
            **key(layout.workflow_pk(workflow_id), layout.logs_sk(task_id) + stamp),
            "d": pack("\n".join(lines)),
        }


def _parts(lines: list[TaskExecLog]) -> "Sequence[list[str]]":
    parts: list[list[str]] = [[]]
    part_bytes = 0
    for line in lines:
        document = encode_json(line.to_wire())
        part_bytes += len(document.encode())
        if parts[-1] and part_bytes > _LINES_BYTES:
            parts.append([])
            part_bytes = len(document.encode())
        parts[-1].append(document)
    return parts
