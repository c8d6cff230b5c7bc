"""GET_WORKFLOW: read an execution."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import WorkflowTask
from dalsegno_state.tasks.system_task import SystemTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not task.input_parameters.get("id"):
        yield (
            f"inputParameters.id field is required for taskType: GET_WORKFLOW taskName: {task.name}"
        )


class GetWorkflow(SystemTask):
    """Completes with an execution as it stands."""

    type: ClassVar[str] = "GET_WORKFLOW"
