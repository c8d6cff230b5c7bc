"""Values for tests: complete, small, and changed by naming only what the test is about."""

from dataclasses import replace
from typing import Any, Final

from dalsegno.models import EpochMillis, TaskStatus, WorkflowStatus
from dalsegno_state.execution import TaskState, WorkflowState

NOW: Final[EpochMillis] = 1_750_000_000_000

_WORKFLOW: Final = WorkflowState(
    workflow_id="w1",
    name="order",
    version=1,
    definition_hash="0" * 64,
    status=WorkflowStatus.RUNNING,
    created_at=NOW,
    updated_at=NOW,
)


def a_workflow_state(workflow_id: str = "w1", **changes: Any) -> WorkflowState:
    """Return a running workflow of the definition ``order``."""
    return replace(_WORKFLOW, workflow_id=workflow_id, **changes)


def a_task(ref: str = "charge", *, workflow_id: str = "w1", **changes: Any) -> TaskState:
    """Return the first attempt of a scheduled worker task.

    Reference names of loop tasks may be given as in an execution: ``charge__2`` is iteration 2
    of ``charge``. The task id follows from workflow, reference and attempt.
    """
    base_ref, *iterations = ref.split("__")
    retry_count = changes.get("retry_count", 0)
    task = TaskState(
        workflow_id=workflow_id,
        ref=ref,
        base_ref=base_ref,
        iterations=tuple(int(iteration) for iteration in iterations),
        task_id=f"{workflow_id}.{ref}.{retry_count}",
        task_type=base_ref,
        name=base_ref,
        status=TaskStatus.SCHEDULED,
        sequence=1,
        scheduled_at=NOW,
        first_scheduled_at=NOW,
    )
    return replace(task, **changes)
