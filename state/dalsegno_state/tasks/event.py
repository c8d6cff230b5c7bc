"""EVENT: publish a message."""

from collections.abc import Iterator

from dalsegno.models import WorkflowTask


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not task.sink:
        yield f"sink field is required for taskType: EVENT taskName: {task.name}"
