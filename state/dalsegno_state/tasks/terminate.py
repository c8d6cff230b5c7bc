"""TERMINATE: end the workflow here, well or badly."""

from collections.abc import Iterator
from typing import ClassVar, Final

from dalsegno.models import JsonObject, WorkflowStatus, WorkflowTask
from dalsegno_state import ending
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import json_text
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed

TERMINATION_STATUSES: Final = frozenset(
    {WorkflowStatus.COMPLETED, WorkflowStatus.FAILED, WorkflowStatus.TERMINATED}
)


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if task.optional:
        yield f"terminate task cannot be optional, taskName: {task.name}"
    status = task.input_parameters.get("terminationStatus")
    if not (isinstance(status, str) and status in TERMINATION_STATUSES):
        yield (
            "terminate task must have an terminationStatus parameter and must be set to "
            f"COMPLETED or FAILED, taskName: {task.name}"
        )


class Terminate(InstantTask):
    """Outputs ``workflowOutput``, and ends the workflow with it."""

    type: ClassVar[str] = "TERMINATE"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        if inputs.get("terminationStatus") not in TERMINATION_STATUSES:
            return failed("given termination status is not valid")
        output = inputs.get("workflowOutput")
        if output is None:
            return Outcome()
        return Outcome(output=output if isinstance(output, dict) else {"output": output})

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        inputs = draft.payload(task.input)
        status = WorkflowStatus(str(inputs.get("terminationStatus")))
        given = inputs.get("terminationReason")
        reason = (
            json_text(given) if given else f"Workflow is {status} by TERMINATE task: {task.task_id}"
        )
        output = draft.payload(task.output)
        if status is WorkflowStatus.COMPLETED:
            ending.complete(draft, reason=reason, output=output)
        else:
            ending.give_up(draft, task, reason, status=status, output=output)
