"""HTTP: call a web service."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import TaskStatus, WorkflowTask
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.tasks.system_task import SystemTask, is_async_complete
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


class Http(SystemTask):
    """Waits in the queue of HTTP tasks until a system worker has made the call."""

    type: ClassVar[str] = "HTTP"

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``; a call under way may have died with its worker."""
        if task.status is TaskStatus.SCHEDULED or not is_async_complete(
            place.node.task, draft.payload(task.input)
        ):
            announce_again(draft, task, place)
