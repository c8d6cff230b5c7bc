"""Tasks as a worker gets them."""

from typing import Any

from dalsegno.models import Task


def a_task(task_input: dict[str, Any] | None = None, **fields: Any) -> Task:
    return Task.model_validate(
        {
            "taskId": "w1.0.0.cmVm",
            "workflowInstanceId": "w1",
            "taskType": "play",
            "taskDefName": "play",
            "referenceTaskName": "ref",
            "status": "IN_PROGRESS",
            "inputData": task_input or {},
            **fields,
        }
    )
