"""What the expressions of a workflow can see."""

from collections.abc import Callable, Sequence

from dalsegno.models import JsonObject, JsonValue
from dalsegno_state.draft import Draft
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import walk
from dalsegno_state.outputs import find_in_output, output_of


class DraftScope:
    """The workflow and the latest record of each task; see ``expressions.Scope``."""

    def __init__(self, draft: Draft, task_id: str | None = None) -> None:
        self._draft = draft
        self._task_id = task_id

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        if name == "workflow":
            return self._find_in_workflow(path)
        if name == "CPEWF_TASK_ID" and not path:
            return self._task_id
        task = self._draft.latest(name)
        if task is None:
            return None
        if not path:
            return self.document(name)
        match path[0]:
            case "output":
                return find_in_output(self._draft, task, path[1:])
            case "input":
                return walk(self._draft.payload(task.input), path[1:])
            case field:
                return walk(self._fields(task).get(str(field)), path[1:])

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        if name == "workflow":
            return {field: read() for field, read in self._workflow_fields().items()}
        task = self._draft.latest(name)
        if task is None:
            return None
        return {
            **self._fields(task),
            "input": self._draft.payload(task.input),
            "output": output_of(self._draft, task),
        }

    def _find_in_workflow(self, path: Sequence[str | int]) -> JsonValue:
        if not path:
            return self.document("workflow")
        if path[0] == "env":
            named = self._draft.environment(str(path[1])) if len(path) > 1 else None
            return walk(named, path[2:])
        read = self._workflow_fields().get(str(path[0]))
        return None if read is None else walk(read(), path[1:])

    def _workflow_fields(self) -> dict[str, Callable[[], JsonValue]]:
        draft, workflow = self._draft, self._draft.workflow
        return {
            "input": lambda: draft.payload(workflow.input),
            "output": lambda: draft.payload(workflow.output),
            "variables": lambda: workflow.variables,
            "status": lambda: workflow.status.value,
            "workflowId": lambda: workflow.workflow_id,
            "parentWorkflowId": lambda: workflow.parent_workflow_id,
            "parentWorkflowTaskId": lambda: workflow.parent_task_id,
            "workflowType": lambda: workflow.name,
            "version": lambda: workflow.version,
            "correlationId": lambda: workflow.correlation_id,
            "reasonForIncompletion": lambda: workflow.reason,
            "schemaVersion": lambda: 2,
            "createTime": lambda: workflow.created_at,
        }

    def _fields(self, task: TaskState) -> JsonObject:
        return {
            "taskType": task.task_type,
            "status": task.status.value,
            "referenceTaskName": task.ref,
            "retryCount": task.retry_count,
            "correlationId": self._draft.workflow.correlation_id,
            "pollCount": task.poll_count,
            "taskDefName": task.name,
            "scheduledTime": task.scheduled_at,
            "startTime": task.started_at,
            "endTime": task.ended_at,
            "workflowInstanceId": task.workflow_id,
            "taskId": task.task_id,
            "reasonForIncompletion": task.reason,
            "callbackAfterSeconds": task.callback_after_seconds,
            "workerId": task.worker_id,
            "iteration": task.iterations[-1] if task.iterations else task.turn,
        }
