"""PULL_WORKFLOW_MESSAGES: take what was sent to the workflow's message queue."""

from collections.abc import Iterator
from typing import ClassVar, Final

from dalsegno.models import JsonValue, WorkflowTask
from dalsegno_state.tasks.system_task import SystemTask
from dalsegno_state.whole_numbers import whole_number

MOST_MESSAGES: Final = 100


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered; expressions are not looked into."""
    size = task.input_parameters.get("batchSize", 1)
    if not _is_expression(size) and batch_size(size) is None:
        yield (
            f"inputParameters.batchSize: {size} should be between 1 and {MOST_MESSAGES} for "
            f"taskType: PULL_WORKFLOW_MESSAGES taskName: {task.name}"
        )


class PullWorkflowMessages(SystemTask):
    """Completes with messages; stays in progress while there is none and it may wait."""

    type: ClassVar[str] = "PULL_WORKFLOW_MESSAGES"


def batch_size(value: JsonValue) -> int | None:
    """Return how many messages are asked for, or None if that is no such number."""
    number = whole_number(value)
    return number if number is not None and 1 <= number <= MOST_MESSAGES else None


def _is_expression(value: JsonValue) -> bool:
    return isinstance(value, str) and "${" in value
