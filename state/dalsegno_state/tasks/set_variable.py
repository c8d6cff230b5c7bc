"""SET_VARIABLE: change the workflow's variables."""

from dataclasses import replace
from typing import ClassVar, Final

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place, depth_fault, size_bytes
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed

MAX_VARIABLES_BYTES: Final = 256 * 1024


def variables_fault(workflow_id: str, variables: JsonObject) -> str | None:
    """Return why a workflow may not have these variables, None if it may."""
    fault = depth_fault(variables, f"A variable of workflow {workflow_id}")
    if fault is None and (size := size_bytes(variables)) > MAX_VARIABLES_BYTES:
        return (
            f"The variables payload size: {size} of workflow: {workflow_id} is greater "
            f"than the permissible limit: {MAX_VARIABLES_BYTES} bytes"
        )
    return fault


class SetVariable:
    """Merges its input into the variables.

    Its input is stored first, then the variables, then its end: whoever finds it open does the
    rest again. The variables are only written over the workflow item as it was before the open
    task was read, so that a straggler never brings back old values.
    """

    type: ClassVar[str] = "SET_VARIABLE"
    is_instant: ClassVar[bool] = True

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        inputs = attempts.input_of(draft, place, seed, place.node.task.task_definition)
        task = attempts.new_task(draft, place, seed, status=TaskStatus.IN_PROGRESS, inputs=inputs)
        if not task.status.is_terminal:
            draft.agenda.append(task.ref)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        variables = {**draft.workflow.variables, **draft.payload(task.input)}
        reason = variables_fault(task.workflow_id, variables)
        if reason is not None:
            flow.finish(draft, task, place, TaskStatus.FAILED_WITH_TERMINAL_ERROR, reason=reason)
            return
        draft.update_workflow(replace(draft.workflow, variables=variables))
        flow.finish(draft, task, place, TaskStatus.COMPLETED, output={})

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)
