"""Test runs: a workflow is really run, but mocks report in place of workers."""

from collections import Counter
from dataclasses import replace
from typing import Final

from dalsegno.errors import InvalidRequestError
from dalsegno.models import StartWorkflowRequest, TaskMock, TaskStatus, WorkflowTestRequest
from dalsegno_state.engine.executions import Executions
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import Reported, Wake
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Ports
from dalsegno_state.reserved_names import TEST_DOMAIN
from dalsegno_state.writes import ReplaceTask

_MOST_REPORTS: Final = 20_000
_MOST_DEPTH: Final = 16


class MockedRuns:
    """Runs workflows against prepared results."""

    def __init__(self, ports: Ports, executions: Executions, runner: Runner) -> None:
        self._ports = ports
        self._executions = executions
        self._runner = runner

    def run(self, request: WorkflowTestRequest) -> str:
        """Start a workflow and report its mocks until it has ended, or none is left; return its id.

        Raises:
            NotFoundError: No such definition.
            InvalidRequestError: The run does not come to an end.
        """
        start = StartWorkflowRequest.model_validate(
            {name: getattr(request, name) for name in StartWorkflowRequest.model_fields}
        )
        to_nobody = {"task_to_domain": {"*": TEST_DOMAIN}}
        workflow_id = self._executions.start(start.model_copy(update=to_nobody))
        _MockedRun(self._ports, self._runner).drive(workflow_id, request)
        return workflow_id


class _MockedRun:
    """One run with its sub-workflows."""

    def __init__(self, ports: Ports, runner: Runner) -> None:
        self._ports = ports
        self._runner = runner
        self._used: Counter[tuple[str, str]] = Counter()

    def drive(self, workflow_id: str, request: WorkflowTestRequest, depth: int = 0) -> bool:
        """Report mocks as long as there are some for what is open; return whether there were."""
        before = self._used.total()
        while True:
            self._runner.run(workflow_id, Wake())
            known = self._used.total()
            for task in list(self._ports.state.all_tasks(workflow_id)):
                if not task.status.is_terminal:
                    self._see_to(task, request, depth)
            if self._used.total() == known:
                return known > before

    def _see_to(self, task: TaskState, request: WorkflowTestRequest, depth: int) -> None:
        mock = self._next_mock(task, request)
        if mock is not None:
            self._report(self._backdated(task, mock), mock)
        elif task.sub_workflow_id is not None and depth < _MOST_DEPTH:
            nested = request.sub_workflow_test_request.get(task.base_ref)
            inner = nested or WorkflowTestRequest(name=task.name)
            if self.drive(task.sub_workflow_id, inner, depth + 1):
                self._used[task.workflow_id, ""] += 1  # what became of it is to be looked at

    def _next_mock(self, task: TaskState, request: WorkflowTestRequest) -> TaskMock | None:
        """Return the next mock of a task, or of all its turns in a loop."""
        if self._used.total() > _MOST_REPORTS:
            raise InvalidRequestError(f"the test run takes more than {_MOST_REPORTS} results")
        for name in (task.ref, task.base_ref):
            mocks = request.task_ref_to_mock_output.get(name, [])
            used = self._used[task.workflow_id, name]
            if used < len(mocks):
                self._used[task.workflow_id, name] += 1
                return mocks[used]
        return None

    def _backdated(self, task: TaskState, mock: TaskMock) -> TaskState:
        """Return the task as if it had waited and run for as long as its mock says."""
        if not mock.execution_time and not mock.queue_wait_time:
            return task
        started_at = self._ports.clock.now() - mock.execution_time
        earlier = replace(
            task,
            revision=task.revision + 1,
            status=TaskStatus.IN_PROGRESS,
            started_at=started_at,
            scheduled_at=started_at - mock.queue_wait_time,
        )
        if task.task_type == "SUB_WORKFLOW":  # the id of its workflow follows from when it began
            earlier = replace(earlier, scheduled_at=task.scheduled_at)
        lost = self._ports.state.commit([ReplaceTask(earlier, task.task_id, task.revision)])
        return task if lost is not None else earlier

    def _report(self, task: TaskState, mock: TaskMock) -> None:
        status = TaskStatus(mock.status.value)
        self._runner.run(
            task.workflow_id,
            Reported(
                ref=task.ref,
                task_id=task.task_id,
                status=status,
                output=mock.output,
                reason=None if status.is_successful else f"The mock of {task.ref} is {status}",
            ),
        )
