"""How waiting for a result ends without one."""

from dalsegno.errors import ConductorError
from dalsegno.models import Task, TaskStatus, Workflow, WorkflowStatus


class WorkflowFailedError(ConductorError):
    """An execution has ended without the result that was waited for.

    Attributes:
        workflow: The execution, with its tasks.
        workflow_id: Which execution.
        workflow_status: How it has ended.
        reason: Why, as far as the execution tells.
        failed_task: The last attempt that ended badly; None if no task did.
    """

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.workflow_id = workflow.workflow_id
        self.workflow_status = WorkflowStatus(workflow.status)
        self.reason = workflow.reason_for_incompletion
        self.failed_task = _failed_task(workflow)
        super().__init__(self._message())

    def __reduce__(self) -> tuple[type["WorkflowFailedError"], tuple[Workflow]]:
        """Return how it is made again in another process."""
        return type(self), (self.workflow,)

    def _message(self) -> str:
        name = self.workflow.workflow_name or "workflow"
        said = f"{name} {self.workflow_id} ended {self.workflow_status}"
        said += f": {self.reason or 'no reason given'}"
        if self.failed_task is not None:
            said += f"\n  {_told(self.failed_task)}"
        return said


class StillRunningError(TimeoutError):
    """An execution has not ended in the time that somebody was willing to wait; it goes on.

    Attributes:
        workflow_id: Which execution.
        workflow_status: RUNNING or PAUSED.
    """

    def __init__(self, workflow_id: str, status: WorkflowStatus, waited_seconds: float) -> None:
        super().__init__(workflow_id, status, waited_seconds)
        self.workflow_id = workflow_id
        self.workflow_status = status
        self._waited_seconds = waited_seconds

    def __str__(self) -> str:
        """Return what goes on, and how to go on waiting for it."""
        return (
            f"workflow {self.workflow_id} is still {self.workflow_status} after "
            f"{self._waited_seconds:g} seconds; execution({self.workflow_id!r}).result() waits on"
        )


def _failed_task(workflow: Workflow) -> Task | None:
    bad = [task for task in workflow.tasks if not task.status.is_successful]
    # What was cancelled is so because of another one.
    causes = [task for task in bad if task.status is not TaskStatus.CANCELED]
    return next(reversed(causes or bad), None)


def _told(task: Task) -> str:
    attempt = f", attempt {task.retry_count + 1}" if task.retry_count else ""
    said = f"task {task.reference_task_name} ({task.task_def_name or task.task_type}{attempt}) "
    said += f"{task.status}: {task.reason_for_incompletion or 'no reason given'}"
    return said + (f"; sub-workflow {task.sub_workflow_id}" if task.sub_workflow_id else "")
