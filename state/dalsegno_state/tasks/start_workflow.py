"""START_WORKFLOW: start another workflow and go on without it."""

from typing import ClassVar

from dalsegno.models import TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.sub_workflow import see_to_child


class StartWorkflow:
    """Completes with the ``workflowId`` of the workflow that its input asks for."""

    type: ClassVar[str] = "START_WORKFLOW"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        inputs = attempts.input_of(draft, place, seed, place.node.task.task_definition)
        task = attempts.new_task(
            draft, place, seed, status=TaskStatus.SCHEDULED, task_type=self.type, inputs=inputs
        )
        if not task.status.is_terminal:
            draft.look_later(task.ref)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        see_to_child(draft, task)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)
