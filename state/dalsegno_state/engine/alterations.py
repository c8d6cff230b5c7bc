"""Changing executions while they run: their variables, their definition, where they stand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError, PayloadTooLargeError
from dalsegno.models import JsonObject, UpgradeWorkflowRequest, WorkflowStatus
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.payload_checks import check_depth
from dalsegno_state.engine.runner import Runner
from dalsegno_state.engine.starting import Starter
from dalsegno_state.events import Wake
from dalsegno_state.execution import Operation, Payload, WorkflowState
from dalsegno_state.operations import jump_obstacle, upgrade_obstacles
from dalsegno_state.ports import Ports
from dalsegno_state.tasks.set_variable import variables_fault
from dalsegno_state.view import View
from dalsegno_state.waking import WAKE_RETRY_MS

_MOST_TRIES: Final = 50


class Alterations:
    """What operators change in executions that have not ended."""

    def __init__(self, ports: Ports, loader: Loader, runner: Runner, starter: Starter) -> None:
        self._ports = ports
        self._loader = loader
        self._runner = runner
        self._starter = starter

    def update_variables(self, workflow_id: str, variables: JsonObject) -> None:
        """Merge these into a workflow's variables, and look at what follows.

        Raises:
            NotFoundError: No such workflow.
            ConflictError: It has ended.
            PayloadTooLargeError: There would be too many of them.
        """

        def merged(view: View) -> WorkflowState:
            together = {**view.workflow.variables, **variables}
            if (fault := variables_fault(workflow_id, together)) is not None:
                raise PayloadTooLargeError(fault)
            return replace(view.workflow, variables=together)

        self._change(workflow_id, merged)
        self._runner.run(workflow_id, Wake())

    def upgrade(self, workflow_id: str, request: UpgradeWorkflowRequest) -> None:
        """Have a workflow go on by another version of its definition.

        Tasks of the new version that it would have done by now count as done, with the
        request's output.

        Raises:
            NotFoundError: No such workflow, or no such version.
            InvalidRequestError: The version is of another workflow.
            ConflictError: It has ended, or has tasks that do not fit the new version.
        """
        check_depth(request.workflow_input, "workflowInput")
        check_depth(request.task_output, "taskOutput")
        definition = self._starter.stored_definition(request.name, request.version)
        definition_hash = self._starter.pin(definition)
        operation = Operation(kind="upgrade", arguments={"taskOutput": request.task_output or {}})

        def upgraded(view: View) -> WorkflowState:
            workflow = view.workflow
            if workflow.name != definition.name:
                raise InvalidRequestError(
                    f"name: workflow {workflow_id} is of {workflow.name}, not {definition.name}"
                )
            self._check_fits(view, definition_hash)
            return replace(
                workflow,
                definition_hash=definition_hash,
                version=definition.version,
                classifier=definition.classifier,
                masks_payloads=bool(definition.masked_fields),
                input=self._merged(workflow.input, request.workflow_input or {}),
                operation=operation,
            )

        self._change(workflow_id, upgraded)
        self._runner.carry_on(workflow_id)

    def jump(self, workflow_id: str, ref: str, task_input: JsonObject) -> None:
        """Have a running workflow go on at a task, whether it has passed it or not.

        What lies between counts as skipped; what came behind it is forgotten.

        Raises:
            NotFoundError: No such workflow.
            InvalidRequestError: It cannot go on there.
            ConflictError: It is not running.
        """
        check_depth(task_input, "taskInput")
        arguments: JsonObject = {"ref": ref, "taskInput": task_input}
        operation = Operation(kind="jump", arguments=arguments)

        def jumping(view: View) -> WorkflowState:
            workflow = view.workflow
            if workflow.status is not WorkflowStatus.RUNNING:
                raise ConflictError(f"The workflow {workflow_id} is paused: resume it, then jump")
            tasks = self._ports.state.all_tasks(workflow_id)
            obstacle = jump_obstacle(view.plan, tasks, ref)
            if obstacle is not None:
                raise InvalidRequestError(obstacle)
            return replace(workflow, run=workflow.run + 1, operation=operation)

        self._change(workflow_id, jumping)
        self._runner.carry_on(workflow_id)

    def _change(self, workflow_id: str, change: Callable[[View], WorkflowState]) -> None:
        """Store what a change makes of a workflow that has not ended."""
        for _ in range(_MOST_TRIES):
            view = self._loader.view(workflow_id)
            if view is None or view.workflow.archived:
                raise NotFoundError(f"No such workflow found by id: {workflow_id}")
            status = view.workflow.status
            if status.is_terminal:
                raise ConflictError(
                    f"Workflow {workflow_id} is in terminal state. Status = {status}"
                )
            now = self._ports.clock.now()
            changed = replace(change(view), revision=view.workflow.revision + 1, updated_at=now)
            if changed.operation is not None and view.workflow.operation is not None:
                self._runner.carry_on(workflow_id)
            elif self._runner.commit(view, changed, wake_by=now + WAKE_RETRY_MS):
                return
        raise ConflictError(f"Workflow {workflow_id} keeps changing; try again")

    def _merged(self, payload: Payload, given: JsonObject) -> Payload:
        if not given:
            return payload
        content = payload if isinstance(payload, dict) else self._loader.payload(payload)
        return {**content, **given}

    def _check_fits(self, view: View, definition_hash: str) -> None:
        plan = self._loader.plan(definition_hash)
        tasks = list(self._ports.state.all_tasks(view.workflow.workflow_id))
        obstacles = list(upgrade_obstacles(view.plan, plan, tasks))
        if obstacles:
            raise ConflictError(
                f"Workflow {view.workflow.workflow_id} cannot be upgraded: {'; '.join(obstacles)}"
            )
