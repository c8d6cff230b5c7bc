"""What can be asked of one execution, and done to it."""

from collections.abc import Sequence
from typing import Final

from dalsegno.client.call import Call, path, reads, reads_nothing, reads_text, sends
from dalsegno.client.listing import Pages, listing
from dalsegno.client.operation import operation
from dalsegno.client.payload import Payload, json_object
from dalsegno.errors import NotFoundError
from dalsegno.models import (
    NamedTaskResult,
    RerunWorkflowRequest,
    SearchResult,
    SkipTaskRequest,
    Task,
    TaskResultStatus,
    TaskStatus,
    UpgradeWorkflowRequest,
    Workflow,
    WorkflowRun,
    WorkflowStateUpdate,
    WorkflowStatusResponse,
)

_TASKS_A_PAGE: Final = 100
_MOST_WAITED_SECONDS: Final = 28  # by the server, for the API Gateway gives up after 30


class ExecutionCalls:
    """One execution.

    Attributes:
        id: Its workflow id.
    """

    id: str

    @operation
    def get(self, *, include_tasks: bool = True) -> Call[Workflow]:
        """Return the execution. Raises NotFoundError."""
        return Call(
            "GET",
            path("/workflow/{}", self.id),
            reads(Workflow),
            query={"includeTasks": include_tasks},
            repeatable=True,
        )

    @operation
    def status(
        self, *, include_output: bool = False, include_variables: bool = False
    ) -> Call[WorkflowStatusResponse]:
        """Return how the execution stands. Raises NotFoundError."""
        return Call(
            "GET",
            path("/workflow/{}/status", self.id),
            reads(WorkflowStatusResponse),
            query={"includeOutput": include_output, "includeVariables": include_variables},
            repeatable=True,
        )

    @listing
    def tasks(self, *, statuses: Sequence[TaskStatus] = ()) -> Pages[Task]:
        """Yield the attempts of its tasks, in their order; those of some statuses if asked."""
        return lambda start: Call(
            "GET",
            path("/workflow/{}/tasks", self.id),
            reads(SearchResult[Task]),
            query={"status": list(statuses), "start": start, "count": _TASKS_A_PAGE},
            repeatable=True,
        )

    @operation
    def pause(self) -> Call[None]:
        """Let open tasks go on, and start nothing new. Raises ConflictError if it has ended."""
        return Call("PUT", path("/workflow/{}/pause", self.id), reads_nothing, repeatable=True)

    @operation
    def resume(self) -> Call[None]:
        """Go on after a pause. Raises ConflictError if it is not paused."""
        return Call("PUT", path("/workflow/{}/resume", self.id), reads_nothing)

    @operation
    def terminate(self, reason: str | None = None) -> Call[None]:
        """End the execution and cancel what is open. Raises ConflictError if it has COMPLETED."""
        return Call(
            "DELETE",
            path("/workflow/{}", self.id),
            reads_nothing,
            query={"reason": reason},
            repeatable=True,
        )

    @operation
    def retry(self, *, resume_subworkflow_tasks: bool = False) -> Call[None]:
        """Try the failed tasks of the ended execution again.

        Args:
            resume_subworkflow_tasks: Retry where the failure is deepest.

        Raises:
            NotFoundError: It has not ended.
            ConflictError: Nothing of it can be retried.
        """
        return Call(
            "POST",
            path("/workflow/{}/retry", self.id),
            reads_nothing,
            query={"resumeSubworkflowTasks": resume_subworkflow_tasks},
        )

    @operation
    def restart(self, *, use_latest_definitions: bool = False) -> Call[None]:
        """Run the ended execution again from its beginning. Raises ConflictError if it runs."""
        return Call(
            "POST",
            path("/workflow/{}/restart", self.id),
            reads_nothing,
            query={"useLatestDefinitions": use_latest_definitions},
        )

    @operation
    def rerun(
        self,
        *,
        from_task_id: str | None = None,
        input: Payload | None = None,
        task_input: Payload | None = None,
        correlation_id: str | None = None,
    ) -> Call[str]:
        """Run the ended execution again from one of its tasks, or its beginning; return its id.

        What is not given stays as it was. Raises ConflictError if it runs.
        """
        asked = RerunWorkflowRequest(
            re_run_from_task_id=from_task_id,
            workflow_input=None if input is None else json_object("input", input),
            task_input=None if task_input is None else json_object("task_input", task_input),
            correlation_id=correlation_id,
        )
        return Call("POST", path("/workflow/{}/rerun", self.id), reads_text, body=sends(asked))

    @operation
    def skip_task(
        self, ref: str, *, input: Payload | None = None, output: Payload | None = None
    ) -> Call[None]:
        """Have a task stepped over that is not reached yet, as if it had this input and output.

        Raises ConflictError if it is reached, or the execution does not run.
        """
        asked = SkipTaskRequest(
            task_input=json_object("input", input), task_output=json_object("output", output)
        )
        where = path("/workflow/{}/skiptask/{}", self.id, ref)
        return Call("PUT", where, reads_nothing, body=sends(asked))

    @operation
    def jump(self, ref: str, *, input: Payload | None = None) -> Call[None]:
        """Go on at another task, forwards or back."""
        return Call(
            "POST",
            path("/workflow/{}/jump/{}", self.id, ref),
            reads_nothing,
            body=sends(json_object("input", input)),
        )

    @operation
    def upgrade(
        self,
        name: str,
        version: int | None = None,
        *,
        input: Payload | None = None,
        task_output: Payload | None = None,
    ) -> Call[None]:
        """Go on by another version of the definition, the highest one unless given.

        Args:
            name: Of the definition.
            version: Of the definition.
            input: Of the workflow from now on.
            task_output: Of those tasks that the new version has and the execution has passed by.
        """
        asked = UpgradeWorkflowRequest(
            name=name,
            version=version,
            workflow_input=None if input is None else json_object("input", input),
            task_output=None if task_output is None else json_object("task_output", task_output),
        )
        return Call("POST", path("/workflow/{}/upgrade", self.id), reads_nothing, body=sends(asked))

    @operation
    def set_variables(self, variables: Payload) -> Call[Workflow]:
        """Merge values into the variables; return the execution. Raises ConflictError if ended."""
        return Call(
            "POST",
            path("/workflow/{}/variables", self.id),
            reads(Workflow),
            body=sends(json_object("variables", variables)),
            repeatable=True,
        )

    @operation
    def update_state(
        self,
        *,
        variables: Payload | None = None,
        ref: str | None = None,
        output: Payload | None = None,
        status: TaskResultStatus = TaskResultStatus.COMPLETED,
        wait_for_refs: Sequence[str] = (),
        wait_seconds: int = 10,
    ) -> Call[WorkflowRun]:
        """Merge variables and report on the open task ``ref``, in one call; wait; return all.

        The wait is over when the execution ends, comes to a WAIT, or one of ``wait_for_refs`` has
        ended; after 28 seconds at most.
        """
        result = NamedTaskResult(status=status, output_data=json_object("output", output))
        asked = WorkflowStateUpdate(
            variables=None if variables is None else json_object("variables", variables),
            task_reference_name=ref,
            task_result=None if ref is None else result,
        )
        return Call(
            "POST",
            path("/workflow/{}/state", self.id),
            reads(WorkflowRun),
            query={
                "waitUntilTaskRef": ",".join(wait_for_refs) or None,
                "waitForSeconds": wait_seconds,
            },
            body=sends(asked),
            wait_seconds=min(wait_seconds, _MOST_WAITED_SECONDS),
        )

    @operation
    def signal(
        self,
        output: Payload | None = None,
        status: TaskResultStatus = TaskResultStatus.COMPLETED,
    ) -> Call[None]:
        """End the first WAIT task with this output; do nothing if the execution waits for none."""
        return Call(
            "POST",
            path("/tasks/{}/{}/signal", self.id, status),
            reads_nothing,
            body=sends(json_object("output", output)),
        )

    @operation
    def signal_and_wait(
        self,
        output: Payload | None = None,
        status: TaskResultStatus = TaskResultStatus.COMPLETED,
        *,
        wait_seconds: float = 5.0,
    ) -> Call[WorkflowRun]:
        """End the first WAIT task, wait until the execution ends or waits again, and return it.

        Raises NotFoundError if it waits for nothing. ``wait_seconds`` are 28 at most.
        """
        return Call(
            "POST",
            path("/tasks/{}/{}/signal/sync", self.id, status),
            reads(WorkflowRun),
            query={"timeoutMillis": round(wait_seconds * 1000)},
            body=sends(json_object("output", output)),
            wait_seconds=min(wait_seconds, _MOST_WAITED_SECONDS),
        )

    @operation
    def complete_task(
        self,
        ref: str,
        output: Payload | None = None,
        *,
        status: TaskResultStatus = TaskResultStatus.COMPLETED,
        worker_id: str | None = None,
    ) -> Call[str]:
        """Report on the open task of a reference name (HUMAN, WAIT, ...); return the task's id.

        Raises NotFoundError if no such task is open.
        """

        def read(body: bytes) -> str:
            if not body:
                raise NotFoundError(f"no task {ref} of workflow {self.id} is open")
            return reads_text(body)

        return Call(
            "POST",
            path("/tasks/{}/{}/{}", self.id, ref, status),
            read,
            query={"workerid": worker_id},
            body=sends(json_object("output", output)),
        )

    @operation
    def send(self, message: Payload) -> Call[str]:
        """Send a message to its PULL_WORKFLOW_MESSAGES tasks; return the message's id."""
        return Call(
            "POST",
            path("/workflow/{}/messages", self.id),
            reads_text,
            body=sends(json_object("message", message)),
        )

    @operation
    def reset_callbacks(self) -> Call[None]:
        """Hand out now the tasks that workers asked to get later."""
        where = path("/workflow/{}/resetcallbacks", self.id)
        return Call("POST", where, reads_nothing, repeatable=True)

    @operation
    def remove(self, *, archive: bool = True) -> Call[None]:
        """Forget the ended execution; keep a copy unless told otherwise."""
        return Call(
            "DELETE",
            path("/workflow/{}/remove", self.id),
            reads_nothing,
            query={"archiveWorkflow": archive},
        )

    @operation
    def terminate_and_remove(
        self, reason: str | None = None, *, archive: bool = True
    ) -> Call[None]:
        """End the execution, then forget it; keep a copy unless told otherwise."""
        return Call(
            "DELETE",
            path("/workflow/{}/terminate-remove", self.id),
            reads_nothing,
            query={"reason": reason, "archiveWorkflow": archive},
        )

    @operation
    def decide(self) -> Call[None]:
        """Look at the execution now and go on with what is due."""
        return Call("PUT", path("/workflow/decide/{}", self.id), reads_nothing, repeatable=True)

    @operation
    def wake_later(self) -> Call[str]:
        """Have the evaluator look at the execution; return ``true.<id>``, or ``false.<id>``.

        False means that it has ended.
        """
        where = path("/admin/sweep/requeue/{}", self.id)
        return Call("POST", where, reads_text, repeatable=True)

    @operation
    def repair(self) -> Call[bool]:
        """Look at everything of it and mend what is missing; return whether something was."""
        where = path("/admin/consistency/verifyAndRepair/{}", self.id)
        return Call("POST", where, reads(bool), repeatable=True)
