"""HUMAN: wait until somebody updates the task through the API."""

from typing import ClassVar

from dalsegno.models import TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.standing import begun, is_due


class Human:
    """Stays in progress; the workflow's timeouts go on all the same."""

    type: ClassVar[str] = "HUMAN"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        inputs = attempts.input_of(draft, place, seed, place.node.task.task_definition)
        attempts.new_task(draft, place, seed, status=TaskStatus.IN_PROGRESS, inputs=inputs)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``; another attempt begins to wait once its time has come."""
        if task.status is TaskStatus.SCHEDULED and is_due(draft, task):
            draft.replace(task, begun(task, draft.now, wait_until=None))

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)
