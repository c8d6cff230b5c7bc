"""What a worker function may know of its task, and tell while it works."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from dalsegno.json_text import plain_json
from dalsegno.models import JsonObject, JsonValue, Task
from dalsegno.workers.outcomes import TaskCancelled
from dalsegno.workers.task_log import TaskLog, TaskLogger


class TaskContext:
    """The task a function works on; may be used by any thread.

    In a test, ``TaskContext(a_task)`` is enough.

    Attributes:
        task: Everything the server tells of it.
        logger: Lines from INFO on become logs of the task, and go where ``logging`` says.
        log: The lines so far.
    """

    def __init__(
        self,
        task: Task,
        *,
        ends_at: float | None = None,
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        self.task = task
        self.log = TaskLog()
        self.logger = TaskLogger(task, self.log)
        self._ends_at = ends_at
        self._on_progress = on_progress
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._told: JsonObject | None = None

    @property
    def task_id(self) -> str:
        """Id of this attempt; whoever is told it can recognize an effect asked for twice."""
        return self.task.task_id

    @property
    def workflow_id(self) -> str:
        """Id of the workflow."""
        return self.task.workflow_instance_id

    @property
    def key(self) -> str:
        """A key that is the same in all attempts of this task, and of no other task.

        A payment that is made under it is made once, however often it is tried.
        """
        return f"{self.task.workflow_instance_id}/{self.task.reference_task_name}"

    @property
    def attempt(self) -> int:
        """The number of the attempt; the first is 1."""
        return self.task.retry_count + 1

    @property
    def deliveries(self) -> int:
        """How often this attempt was handed out; more than once after a ``Retry`` with a time."""
        return max(1, self.task.poll_count)

    @property
    def deadline(self) -> datetime | None:
        """When the attempt's time is up, in UTC; None if nobody has set a time.

        That is ``timeoutSeconds`` of its definition, and in a Lambda function the time that is
        left. The response timeout is none, as it is put off while the function runs.
        """
        times = [time for time in (self._times_out_at(), self._ends_at) if time is not None]
        return datetime.fromtimestamp(min(times), UTC) if times else None

    @property
    def remaining_seconds(self) -> float | None:
        """The time until the deadline, never negative; None if there is none."""
        deadline = self.deadline
        return None if deadline is None else max(0.0, deadline.timestamp() - time.time())

    @property
    def saved_progress(self) -> JsonObject:
        """What this attempt told by ``progress`` when it was handed out before."""
        return self.task.output_data

    def progress(self, **output: JsonValue | object) -> None:
        """Show how far the work is, as the output of the task; sent within a second or so.

        Each call replaces what was told before. The attempt stays this worker's.
        """
        with self._lock:
            self._told = plain_json(output)
        if self._on_progress is not None:
            self._on_progress()

    @property
    def told(self) -> JsonObject | None:
        """What ``progress`` was told last; None if nothing."""
        with self._lock:
            return self._told

    @property
    def cancelled(self) -> bool:
        """Whether the result is of no use any more: the task has been ended elsewhere."""
        return self._cancelled.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise TaskCancelled if ``cancelled``; best not caught."""
        if self.cancelled:
            raise TaskCancelled(f"task {self.task_id} is not open any more")

    def cancel(self) -> None:
        """Mark the task as ended elsewhere; for who watches over it, and for tests."""
        self._cancelled.set()

    def _times_out_at(self) -> float | None:
        definition = self.task.task_definition
        seconds = 0 if definition is None else definition.timeout_seconds
        begun = self.task.start_time / 1000
        return begun + seconds if seconds > 0 and begun > 0 else None
