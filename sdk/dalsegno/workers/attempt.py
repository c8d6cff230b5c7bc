"""One run of a worker function: whatever becomes of it is a result."""

import math
from types import TracebackType
from typing import Any, Final, Self

from dalsegno.models import JsonObject, Task, TaskResult, TaskResultStatus
from dalsegno.workers.context import TaskContext
from dalsegno.workers.outcomes import Fail, Retry, TaskCancelled

# What the engine, as Conductor, takes as a task's output.
MAX_OUTPUT_BYTES: Final = 10_240 * 1024


class Attempt:
    """A block in which a task is done; what leaves it by an exception is part of the result.

    Attributes:
        context: What the function is told.
        result: What became of it, once the block is left.
    """

    result: TaskResult

    def __init__(self, task: Task, context: TaskContext) -> None:
        self._task = task
        self.context = context

    def complete(self, output: JsonObject) -> None:
        """Note that the task is done. Raises Fail if its output is beyond all bounds."""
        result = self._made(TaskResultStatus.COMPLETED, output)
        try:
            size = len(result.to_wire_json())
        except ValueError as error:
            raise Fail(f"The result is no JSON: {error}", terminal=True) from error
        if size > MAX_OUTPUT_BYTES:
            raise Fail(
                f"The result has {size:,} bytes; {MAX_OUTPUT_BYTES:,} are allowed. "
                "Put what is large elsewhere, and return where it is.",
                terminal=True,
            )
        self.result = result

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Make a result of what was raised; what is no exception of the function's goes on."""
        match error:
            case None:
                return True
            case Retry(after_seconds=None):
                self.result = self._failed(str(error))
            case Retry(after_seconds=float() | int() as seconds):
                self.result = self._comes_back(str(error), math.ceil(seconds))
            case Fail(terminal=terminal):
                self.result = self._failed(str(error), terminal=terminal)
            case TaskCancelled():
                self.result = self._failed(str(error))
            case Exception() | SystemExit():
                self.context.log.add_traceback(error)
                self.result = self._failed(f"{type(error).__name__}: {error}")
            case _:
                return False
        return True

    def _failed(self, reason: str, *, terminal: bool = False) -> TaskResult:
        for_good = TaskResultStatus.FAILED_WITH_TERMINAL_ERROR
        return self._made(for_good if terminal else TaskResultStatus.FAILED, {}, reason)

    def _comes_back(self, reason: str, seconds: int) -> TaskResult:
        told = self.context.told
        output = self.context.saved_progress if told is None else told
        return self._made(TaskResultStatus.IN_PROGRESS, output, reason, seconds)

    def _made(
        self,
        status: TaskResultStatus,
        output: JsonObject,
        reason: str | None = None,
        callback_after_seconds: int = 0,
    ) -> TaskResult:
        fields: dict[str, Any] = {
            "workflow_instance_id": self._task.workflow_instance_id,
            "task_id": self._task.task_id,
            "worker_id": self._task.worker_id,
            "status": status,
            "output_data": output,
            "reason_for_incompletion": reason,
            "callback_after_seconds": callback_after_seconds,
            "logs": self.context.log.entries(),
        }
        return TaskResult(**fields)
