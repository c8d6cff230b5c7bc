"""What task types that system workers do have in common."""

from typing import ClassVar

from dalsegno.models import JsonObject, TaskStatus, WorkflowTask
from dalsegno_state import flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.worker import put_in_queue
from dalsegno_state.worker_queue import announce_again


class SystemTask:
    """Waits in a queue of system workers, who do it and report on it.

    What it has been told while it is open shows in its output: then its effect is had, and
    somebody outside ends it.
    """

    type: ClassVar[str]
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        put_in_queue(draft, place, seed, task_type=self.type, name=place.node.task.name)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``; whoever was at it may have died."""
        if task.status is TaskStatus.SCHEDULED or not task.output:
            announce_again(draft, task, place)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def is_async_complete(task: WorkflowTask, inputs: JsonObject) -> bool:
    """Return whether an external update, not its effect, completes the task."""
    return task.async_complete or inputs.get("asyncComplete") in (True, "true")
