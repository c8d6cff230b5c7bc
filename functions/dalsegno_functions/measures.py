"""What becomes of workflows and tasks, measured where it is stored."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dalsegno.models import WorkflowStatus
from dalsegno_functions.observability import Measure
from dalsegno_state.execution import WorkflowState
from dalsegno_state.writes import ReplaceTask, UpdateWorkflow, Write

_ENDS: Final = {
    WorkflowStatus.COMPLETED: Measure.WORKFLOWS_COMPLETED,
    WorkflowStatus.FAILED: Measure.WORKFLOWS_FAILED,
    WorkflowStatus.TIMED_OUT: Measure.WORKFLOWS_FAILED,
}


@dataclass(frozen=True, slots=True)
class Measures:
    """``Observer`` that tells measures of what was stored.

    The end of a workflow is told when it is written, not by who asked for it, so it does not
    matter whether a request, a message or a timer brought it about.
    """

    tell: Callable[[Measure, float], None]

    def created(self, workflow: WorkflowState) -> None:
        """See ``Observer.created``."""
        self.tell(Measure.WORKFLOWS_STARTED, 1)

    def written(self, writes: Sequence[Write]) -> None:
        """See ``Observer.written``."""
        for write in writes:
            self._tell_of(write)

    def changed(self) -> None:
        """See ``Observer.changed``; nothing of it is measured."""

    def _tell_of(self, write: Write) -> None:
        match write:
            # What has just ended was changed when it ended; the write that closes it comes later
            # and must not count it again.
            case UpdateWorkflow(workflow) if workflow.ended_at == workflow.updated_at:
                measure = _ENDS.get(workflow.status)
                if measure is not None:
                    self.tell(measure, 1)
            case ReplaceTask(task) if task.status.is_terminal:
                self.tell(Measure.TASK_MILLIS, max(0, task.ended_at - task.scheduled_at))
            case _:
                pass
