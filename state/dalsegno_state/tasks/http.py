"""HTTP: call a web service."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import JsonObject, TaskStatus, WorkflowTask
from dalsegno_state import flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.worker import put_in_queue
from dalsegno_state.worker_queue import announce_again


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    template = task.task_definition.input_template if task.task_definition else {}
    request_is_given = {"http_request", "uri", "method"} & task.input_parameters.keys()
    if not request_is_given and "http_request" not in template:
        yield (
            "inputParameters.http_request or inputParameters.uri field is required for "
            f"taskType: HTTP taskName: {task.name}"
        )


class Http:
    """Waits in the queue of HTTP tasks until a system worker has made the call."""

    type: ClassVar[str] = "HTTP"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        put_in_queue(draft, place, seed, task_type=self.type, name=place.node.task.name)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``; a call under way may have died with its worker."""
        if task.status is TaskStatus.SCHEDULED or not is_async_complete(
            place.node.task, draft.payload(task.input)
        ):
            announce_again(draft, task, place)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def is_async_complete(task: WorkflowTask, inputs: JsonObject) -> bool:
    """Return whether an external update, not the call's answer, completes the task."""
    return task.async_complete or inputs.get("asyncComplete") in (True, "true")
