"""What a worker function logs, for whoever runs it and for whoever looks at the task."""

import logging
import time
import traceback
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dalsegno.models import Task, TaskExecLog

_MOST_ENTRIES: Final = 10  # as many as a result may bring along
_MOST_LINES: Final = 500
_LONGEST_LINE_CHARS: Final = 4_000


class TaskLog:
    """The last lines about one attempt, as many as are worth sending with its result."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, str]] = deque(maxlen=_MOST_LINES)
        self._added = 0

    def add(self, line: str) -> None:
        """Keep a line, cut to a bearable length."""
        self._added += 1
        self._lines.append((time.time_ns() // 1_000_000, line[-_LONGEST_LINE_CHARS:]))

    def add_traceback(self, error: BaseException) -> None:
        """Keep where an error came from."""
        self.add("".join(traceback.format_exception(error)).rstrip())

    def entries(self) -> list[TaskExecLog]:
        """Return what goes with a result: many lines share an entry, so that none is lost."""
        return [
            TaskExecLog(log="\n".join(line for _, line in part), created_time=part[0][0])
            for part in self._parts()
        ]

    def _parts(self) -> Iterator[list[tuple[int, str]]]:
        lines = list(self._lines)
        if self._added > len(lines):
            lines[0] = (lines[0][0], f"({self._added - len(lines) + 1} earlier lines left out)")
        size = -(-len(lines) // _MOST_ENTRIES) or 1
        for start in range(0, len(lines), size):
            yield lines[start : start + size]


class TaskLogger(logging.LoggerAdapter[logging.Logger]):
    """A logger whose lines from INFO on also become logs of the task."""

    def __init__(self, task: Task, log: TaskLog) -> None:
        name = task.task_def_name or task.task_type
        extra = {"task_id": task.task_id, "workflow_id": task.workflow_instance_id}
        super().__init__(logging.getLogger(f"dalsegno.workers.{name}"), extra)
        self._log_of_task = log

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        """See ``logging.Logger.log``."""
        if level >= logging.INFO:
            self._log_of_task.add(_written(msg, args))
            error = kwargs.get("exc_info")
            if error:
                self._log_of_task.add(_traceback(error))
        kwargs["stacklevel"] = kwargs.get("stacklevel", 1) + 1  # the line that called
        super().log(level, msg, *args, **kwargs)


def _written(message: object, args: tuple[object, ...]) -> str:
    values: Any = args[0] if len(args) == 1 and isinstance(args[0], Mapping) and args[0] else args
    try:
        return str(message) % values if args else str(message)
    except (TypeError, ValueError):  # logging tells of it
        return str(message)


def _traceback(error: object) -> str:
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(error)).rstrip()
    return traceback.format_exc().rstrip()
