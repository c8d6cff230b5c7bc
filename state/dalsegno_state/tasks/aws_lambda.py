"""AWS_LAMBDA: have a Lambda function do the work, without waiting for it."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import WorkflowTask
from dalsegno_state.tasks.system_task import SystemTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    template = task.task_definition.input_template if task.task_definition else {}
    if not {**template, **task.input_parameters}.get("functionName"):
        yield (
            "inputParameters.functionName field is required for "
            f"taskType: AWS_LAMBDA taskName: {task.name}"
        )


class AwsLambda(SystemTask):
    """Is in progress until the function's result comes back; its output tells of the call."""

    type: ClassVar[str] = "AWS_LAMBDA"
