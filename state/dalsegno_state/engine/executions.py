"""Starting, steering and ending executions, as clients and operators ask for it."""

from dataclasses import replace

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from dalsegno.models import (
    JsonObject,
    RerunWorkflowRequest,
    SkipTaskRequest,
    StartWorkflowRequest,
    TaskStatus,
    WorkflowStatus,
)
from dalsegno_state import ids
from dalsegno_state.engine.claiming import definition_of
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.payload_checks import check_depth
from dalsegno_state.engine.removal import Removal
from dalsegno_state.engine.runner import Runner
from dalsegno_state.engine.starting import Origin, Starter
from dalsegno_state.events import Look, Terminate, Wake
from dalsegno_state.execution import Operation, TaskState, WorkflowState
from dalsegno_state.operations import retriable, revives_child, set_going
from dalsegno_state.ports import Message, Ports
from dalsegno_state.state_changes import noted_workflow
from dalsegno_state.view import View
from dalsegno_state.waking import WAKE_RETRY_MS
from dalsegno_state.worker_queue import queue_of
from dalsegno_state.writes import CreateTask, PullWake, ReplaceTask, UpdateWorkflow

_MOST_TRIES = 50
_REOPENING = frozenset({"rerun", "retry", "revive"})


class Executions:
    """The life of executions; each call returns when what it asked for is stored."""

    def __init__(
        self, ports: Ports, loader: Loader, runner: Runner, starter: Starter, removal: Removal
    ) -> None:
        self._ports = ports
        self._loader = loader
        self._runner = runner
        self._starter = starter
        self._removal = removal

    def start(self, request: StartWorkflowRequest, *, workflow_id: str | None = None) -> str:
        """Start a workflow and run it as far as it goes by itself; return its id.

        If its idempotency key says so, that is the id of an execution started before.
        """
        workflow = self._starter.create(request, Origin(workflow_id=workflow_id))
        self._runner.run(workflow.workflow_id, Look(), workflow=workflow)
        return workflow.workflow_id

    def decide(self, workflow_id: str) -> None:
        """Look at everything of a workflow now."""
        self._open(workflow_id)
        self._runner.run(workflow_id, Wake())

    def pause(self, workflow_id: str) -> None:
        """Let nothing new be scheduled; tasks in hand may be finished."""
        for _ in range(_MOST_TRIES):
            view = self._open(workflow_id)
            workflow = view.workflow
            if workflow.status is WorkflowStatus.PAUSED:
                return
            if workflow.status.is_terminal:
                name = f"{workflow.name}.{workflow.version}/{workflow_id}"
                raise ConflictError(f"Workflow {name} has ended, status cannot be updated.")
            if self._runner.commit(view, self._changed(view, status=WorkflowStatus.PAUSED)):
                self._runner.run(workflow_id, Look())
                return
        raise ConflictError(f"Workflow {workflow_id} keeps changing; try again")

    def resume(self, workflow_id: str) -> None:
        """Go on from a pause; the workflow's own timeout counts from here."""
        for _ in range(_MOST_TRIES):
            view = self._open(workflow_id)
            status = view.workflow.status
            if status is not WorkflowStatus.PAUSED:
                raise ConflictError(
                    f"The workflow {workflow_id} is not PAUSED so cannot resume. "
                    f"Current status is {status}"
                )
            now = self._ports.clock.now()
            resumed = replace(
                self._changed(view, status=WorkflowStatus.RUNNING), last_retried_at=now
            )
            if self._runner.commit(view, resumed, wake_by=now + WAKE_RETRY_MS):
                break
        self._runner.run(workflow_id, Wake())

    def terminate(self, workflow_id: str, reason: str | None) -> None:
        """End a workflow from outside, with everything it has begun."""
        view = self._open(workflow_id)
        if view.workflow.status is WorkflowStatus.COMPLETED:
            raise ConflictError("Cannot terminate a COMPLETED workflow.")
        self._runner.run(workflow_id, Terminate(reason=reason))

    def retry(self, workflow_id: str, *, resume_subworkflow_tasks: bool) -> None:
        """Do again what ended badly, here or, if asked, in the deepest failed sub-workflow."""
        view = self._open(workflow_id)
        status = view.workflow.status
        if not status.is_terminal:
            raise NotFoundError(f"Workflow is still running.  status={status}")
        tasks = sorted(self._ports.state.all_tasks(workflow_id), key=lambda task: task.sequence)
        if not tasks:
            raise ConflictError("Workflow has not started yet")
        bad = retriable(tasks)
        if resume_subworkflow_tasks:
            child_id = next((t.sub_workflow_id for t in bad if t.sub_workflow_id), None)
            if child_id is not None:
                self.retry(child_id, resume_subworkflow_tasks=True)
            if child_id is not None or not bad:
                return
        if not bad and status is not WorkflowStatus.TIMED_OUT:
            raise ConflictError(
                "There are no retryable tasks! Use restart if you want to attempt entire "
                "workflow execution again."
            )
        self._operate(view, Operation(kind="retry"))

    def restart(self, workflow_id: str, *, use_latest_definitions: bool) -> None:
        """Run an ended workflow again from its beginning, under the same id."""
        view = self._open(workflow_id)
        workflow, name = view.workflow, _named(view.workflow)
        if not workflow.status.is_terminal:
            raise ConflictError(f"{name} is not in terminal state, unable to restart.")
        if workflow.status is WorkflowStatus.COMPLETED and not view.plan.definition.restartable:
            raise NotFoundError(f"{name} is non-restartable")
        if use_latest_definitions:
            latest = self._starter.stored_definition(workflow.name, None)
            workflow = replace(
                workflow,
                definition_hash=self._starter.pin(latest),
                version=latest.version,
                classifier=latest.classifier,
                masks_payloads=bool(latest.masked_fields),
            )
        workflow = replace(workflow, created_at=self._ports.clock.now(), output={})
        self._operate(view, Operation(kind="restart"), workflow, last_retried_at=0)

    def rerun(self, workflow_id: str, request: RerunWorkflowRequest) -> str:
        """Run an ended workflow again from one of its tasks, or from its beginning.

        A task of one of its sub-workflows reruns that, and revives what is above it.
        """
        check_depth(request.workflow_input, "workflowInput")
        check_depth(request.task_input, "taskInput")
        view = self._open(workflow_id)
        workflow = view.workflow
        if not workflow.status.is_terminal:
            raise ConflictError(f"{_named(workflow)} is not in terminal state, unable to rerun.")
        arguments: JsonObject = {}
        if request.re_run_from_task_id is not None:
            address = ids.parse_task_id(request.re_run_from_task_id)
            task = None if address is None else self._task(address)
            if address is None or task is None:
                raise InvalidRequestError(f"Task {request.re_run_from_task_id} not found")
            if address.workflow_id != workflow_id:
                self._check_descends(address.workflow_id, workflow_id, task.task_id)
                self.rerun(address.workflow_id, request)
                return workflow_id
            arguments = {"ref": address.ref, "taskInput": request.task_input}
        else:
            workflow = replace(workflow, output={})
        if request.workflow_input is not None:
            self._starter.check_input(view.plan.definition, request.workflow_input)
            workflow = replace(workflow, input=request.workflow_input, external_input_path=None)
        if request.correlation_id is not None:
            workflow = replace(workflow, correlation_id=request.correlation_id)
        self._operate(view, Operation(kind="rerun", arguments=arguments), workflow)
        return workflow_id

    def skip_task(self, workflow_id: str, ref: str, request: SkipTaskRequest) -> None:
        """Let the workflow step over a task that it has not come to yet."""
        check_depth(request.task_input, "taskInput")
        check_depth(request.task_output, "taskOutput")
        view = self._open(workflow_id)
        workflow = view.workflow
        if workflow.status is not WorkflowStatus.RUNNING:
            raise ConflictError(
                f"The workflow {workflow_id} is not running so the task referenced by {ref} "
                "cannot be skipped"
            )
        found = view.plan.find(ref)
        if found is None:
            if ref in view.plan.nodes:
                raise InvalidRequestError(f"{ref} is in a loop: name its turn, such as {ref}__1")
            raise InvalidRequestError(
                f"The task referenced by {ref} does not exist in the WorkflowDefinition "
                f"{workflow.name}"
            )
        node, iterations = found
        if node.task.type == "JOIN":
            raise InvalidRequestError(
                f"{ref} is a JOIN: skipped, it would leave its branches open; skip their tasks"
            )
        now = self._ports.clock.now()
        skipped = TaskState(
            workflow_id=workflow_id,
            ref=ref,
            base_ref=node.ref,
            iterations=iterations,
            task_id=ids.task_id(workflow_id, workflow.run, 0, ref),
            task_type=node.task.name,
            name=node.task.name,
            status=TaskStatus.SKIPPED,
            sequence=now * 1000,
            input=request.task_input or {},
            output=request.task_output or {},
            scheduled_at=now,
            first_scheduled_at=now,
            started_at=now,
            ended_at=now,
            updated_at=now,
        )
        if self._ports.state.commit([CreateTask(skipped)]) is not None:
            raise ConflictError(
                f"The task referenced {ref} has already been processed, cannot be skipped"
            )

    def reset_callbacks(self, workflow_id: str) -> None:
        """Hand out now what workers asked to be called back for later."""
        view = self._open(workflow_id)
        status = view.workflow.status
        if status.is_terminal:
            raise ConflictError(f"Workflow is in terminal state. Status = {status}")
        for task in list(self._ports.state.all_tasks(workflow_id)):
            if task.status is TaskStatus.SCHEDULED and task.callback_after_seconds > 0:
                self._reset_callback(view, task)

    def remove(self, workflow_id: str, *, archive: bool) -> None:
        """Forget a workflow; archived, it stays readable and is no more than that."""
        view = self._open(workflow_id)
        if not archive:
            self._removal.remove(view.workflow)
            return
        status = view.workflow.status
        if not status.is_terminal:
            raise InvalidRequestError(
                f"Cannot archive workflow: {workflow_id} with status: {status}"
            )
        self._removal.archive(view.workflow)
        self._starter.keys.free(view.workflow)
        self._runner.commit(view, replace(self._changed(view, status=status), archived=True))

    def revive_parent(self, child: WorkflowState) -> None:
        """Take up the task above a workflow that runs again, and the workflow around it.

        It comes before anything else of the child's operation, whose note has it done again
        should it die in between.
        """
        address = ids.parse_task_id(child.parent_task_id or "")
        task = None if address is None else self._task(address)
        if address is None or task is None or not task.status.is_terminal:
            return
        view = self._loader.view(address.workflow_id)
        node = None if view is None else view.plan.nodes.get(task.base_ref)
        is_optional = node is not None and node.task.optional
        if view is None or is_optional or not view.workflow.status.is_terminal:
            return
        self._operate(view, Operation(kind="revive", arguments={"ref": address.ref}))

    def revive_children(self, parent: WorkflowState) -> None:
        """Retry the ended sub-workflows that a workflow's operation goes on with.

        It comes before their tasks are open again: these would find them ended.
        """
        if parent.operation is None or parent.operation.kind not in _REOPENING:
            return
        for task in list(self._ports.state.all_tasks(parent.workflow_id)):
            if not revives_child(parent.operation, task):
                continue
            view = self._loader.view(task.sub_workflow_id or "")
            if view is None or view.workflow.parent_task_id != task.task_id:
                continue  # removed, or another's: the task finds out when it is looked at
            status = view.workflow.status
            if status.is_terminal and status is not WorkflowStatus.COMPLETED:
                self._operate(view, Operation(kind="revive"))

    def _open(self, workflow_id: str) -> View:
        view = self._loader.view(workflow_id)
        if view is None or view.workflow.archived:
            raise NotFoundError(f"No such workflow found by id: {workflow_id}")
        return view

    def _changed(self, view: View, *, status: WorkflowStatus) -> WorkflowState:
        changed = replace(
            view.workflow,
            status=status,
            revision=view.workflow.revision + 1,
            updated_at=self._ports.clock.now(),
        )
        return noted_workflow(changed, view.workflow.status, view.plan.definition)

    def _operate(
        self,
        view: View,
        operation: Operation,
        workflow: WorkflowState | None = None,
        *,
        last_retried_at: int | None = None,
    ) -> None:
        """Set an ended workflow going with an operation, and carry it out."""
        now = self._ports.clock.now()
        going = set_going(workflow or view.workflow, operation, now)
        going = noted_workflow(going, view.workflow.status, view.plan.definition)
        if last_retried_at is not None:
            going = replace(going, last_retried_at=last_retried_at)
        lost = self._ports.state.commit(
            [
                PullWake(going.workflow_id, now + WAKE_RETRY_MS),
                UpdateWorkflow(going, view.workflow.revision),
            ]
        )
        if lost is not None:
            raise ConflictError(f"{_named(going)} was changed by somebody else; try again")
        self._runner.carry_on(going.workflow_id)

    def _task(self, address: ids.TaskAddress) -> TaskState | None:
        """Return the current attempt if it is the addressed one."""
        task = self._ports.state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        if task is None:
            return None
        expected = ids.task_id(address.workflow_id, address.run, address.retry_count, address.ref)
        return task if task.task_id == expected else None

    def _check_descends(self, workflow_id: str, ancestor_id: str, task_id: str) -> None:
        child = self._ports.state.workflow(workflow_id)
        while child is not None and child.parent_workflow_id is not None:
            if child.parent_workflow_id == ancestor_id:
                return
            child = self._ports.state.workflow(child.parent_workflow_id)
        raise InvalidRequestError(f"Task {task_id} not found")

    def _reset_callback(self, view: View, task: TaskState) -> None:
        now = self._ports.clock.now()
        reset = replace(task, revision=task.revision + 1, callback_after_seconds=0, wait_until=None)
        if self._ports.state.commit([ReplaceTask(reset, task.task_id, task.revision)]) is None:
            task_def = definition_of(task, view.plan, self._ports.definitions)
            queue = queue_of(task, task_def)
            message = Message(queue=queue, body=task.task_id, priority=view.workflow.priority)
            self._ports.queues.send([replace(message, deliver_at=now)])


def _named(workflow: WorkflowState) -> str:
    return f"Workflow: {workflow.name}.{workflow.version}/{workflow.workflow_id}"
