"""Examples for the API's description: one for each model, as it looks on the wire."""

from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from dalsegno.models import (
    BulkResponse,
    CorrelationIdsRequest,
    EnvironmentVariable,
    ErrorResponse,
    ExternalStorageLocation,
    FileDownloadUrl,
    FileHandle,
    FileMultipart,
    FileMultipartCompletion,
    FileUpload,
    FileUploadCompletion,
    FileUploadRequest,
    FileUploadUrl,
    HealthCheckStatus,
    JsonObject,
    JsonValue,
    PollData,
    RerunWorkflowRequest,
    SchemaDef,
    SearchResult,
    SkipTaskRequest,
    StartWorkflowRequest,
    Tag,
    TaggedName,
    Task,
    TaskDef,
    TaskExecLog,
    TaskResult,
    TaskSummary,
    UpgradeWorkflowRequest,
    Workflow,
    WorkflowDef,
    WorkflowDefSummary,
    WorkflowRun,
    WorkflowSchedule,
    WorkflowScheduleExecution,
    WorkflowStateUpdate,
    WorkflowStatusResponse,
    WorkflowSummary,
    WorkflowTestRequest,
)

WORKFLOW_ID: Final = "0190f000-0000-7000-8000-000000000001"
TASK_ID: Final = "0190f000-0000-7000-8000-00000000000a"
FILE_ID: Final = "0190f000-0000-7000-8000-0000000000f1"

_STARTED: Final = 1767225600000
_ENDED: Final = 1767225601250
_INPUT: Final[JsonObject] = {"orderId": "A-1"}
_OUTPUT: Final[JsonObject] = {"receipt": "R-1"}
_TAG: Final[JsonObject] = {"key": "team", "value": "payments", "type": "METADATA"}
_START: Final[JsonObject] = {
    "name": "order",
    "version": 1,
    "correlationId": "customer-7",
    "input": _INPUT,
}
_STEP: Final[JsonObject] = {
    "name": "charge",
    "taskReferenceName": "charge",
    "type": "SIMPLE",
    "inputParameters": {"orderId": "${workflow.input.orderId}"},
}
_DEFINITION: Final[JsonObject] = {
    "name": "order",
    "version": 1,
    "tasks": [_STEP],
    "outputParameters": {"receipt": "${charge.output.receipt}"},
    "ownerEmail": "payments@example.com",
}
_TASK: Final[JsonObject] = {
    "taskId": TASK_ID,
    "taskType": "charge",
    "taskDefName": "charge",
    "referenceTaskName": "charge",
    "status": "IN_PROGRESS",
    "workflowInstanceId": WORKFLOW_ID,
    "workflowType": "order",
    "inputData": _INPUT,
    "workerId": "worker-1",
    "scheduledTime": _STARTED,
    "startTime": _STARTED + 20,
    "queueWaitTime": 20,
    "loopOverTask": False,
    "workflowTask": _STEP,
}
_DONE: Final[JsonObject] = {
    **_TASK,
    "status": "COMPLETED",
    "outputData": _OUTPUT,
    "endTime": _ENDED,
    "executed": True,
}
_WORKFLOW: Final[JsonObject] = {
    "workflowId": WORKFLOW_ID,
    "workflowName": "order",
    "workflowVersion": 1,
    "status": "COMPLETED",
    "correlationId": "customer-7",
    "createTime": _STARTED,
    "startTime": _STARTED,
    "endTime": _ENDED,
    "input": _INPUT,
    "output": _OUTPUT,
    "tasks": [_DONE],
    "workflowDefinition": _DEFINITION,
}
_SCHEDULE: Final[JsonObject] = {
    "name": "nightly",
    "cronExpression": "0 0 2 * * *",
    "zoneId": "Europe/Madrid",
    "startWorkflowRequest": _START,
}
_VERSION: Final[JsonObject] = {
    "name": "order",
    "version": 1,
    "createTime": _STARTED,
    "updateTime": _STARTED,
}
_FILE: Final[JsonObject] = {
    "fileHandleId": FILE_ID,
    "workflowId": WORKFLOW_ID,
    "fileName": "invoice.pdf",
    "contentType": "application/pdf",
    "storageType": "S3",
    "uploadStatus": "PENDING",
    "createdAt": _STARTED,
}
_LOCATION: Final = "https://payloads.s3.amazonaws.com/workflow/input/0190f000.json"
_FILE_URL: Final = f"https://files.s3.amazonaws.com/{WORKFLOW_ID}/{FILE_ID}"

EXAMPLES: Final[dict[Any, JsonValue]] = {
    WorkflowDef: _DEFINITION,
    TaskDef: {
        "name": "charge",
        "retryCount": 3,
        "retryLogic": "EXPONENTIAL_BACKOFF",
        "retryDelaySeconds": 2,
        "responseTimeoutSeconds": 60,
        "ownerEmail": "payments@example.com",
    },
    SchemaDef: {
        "name": "order",
        "version": 1,
        "type": "JSON",
        "data": {"type": "object", "required": ["orderId"]},
    },
    Tag: _TAG,
    TaggedName: {"name": "payments_token", "tags": [_TAG]},
    StartWorkflowRequest: _START,
    RerunWorkflowRequest: {"reRunFromTaskId": TASK_ID, "taskInput": {"orderId": "A-2"}},
    SkipTaskRequest: {"taskOutput": _OUTPUT},
    UpgradeWorkflowRequest: {"name": "order", "version": 2, "taskOutput": {"checked": False}},
    CorrelationIdsRequest: {
        "correlationIds": ["customer-7"],
        "workflowNames": ["order", "refund"],
    },
    WorkflowStateUpdate: {
        "variables": {"approved": True},
        "taskReferenceName": "await_approval",
        "taskResult": {"status": "COMPLETED", "outputData": {"by": "ada"}},
    },
    WorkflowTestRequest: {
        **_START,
        "taskRefToMockOutput": {
            "charge": [{"status": "FAILED"}, {"status": "COMPLETED", "output": _OUTPUT}]
        },
    },
    Task: _TASK,
    TaskResult: {
        "workflowInstanceId": WORKFLOW_ID,
        "taskId": TASK_ID,
        "status": "COMPLETED",
        "workerId": "worker-1",
        "outputData": _OUTPUT,
    },
    TaskExecLog: {"log": "charged card", "taskId": TASK_ID, "createdTime": _STARTED},
    TaskSummary: {
        "workflowId": WORKFLOW_ID,
        "workflowType": "order",
        "taskId": TASK_ID,
        "taskType": "charge",
        "taskDefName": "charge",
        "status": "COMPLETED",
        "scheduledTime": "2026-01-01T00:00:00.000Z",
        "startTime": "2026-01-01T00:00:00.020Z",
        "endTime": "2026-01-01T00:00:01.250Z",
        "executionTime": 1230,
        "queueWaitTime": 20,
    },
    Workflow: _WORKFLOW,
    WorkflowDefSummary: _VERSION,
    WorkflowSummary: {
        "workflowType": "order",
        "version": 1,
        "workflowId": WORKFLOW_ID,
        "correlationId": "customer-7",
        "status": "COMPLETED",
        "startTime": "2026-01-01T00:00:00.000Z",
        "endTime": "2026-01-01T00:00:01.250Z",
        "executionTime": 1250,
        "input": '{"orderId":"A-1"}',
        "output": '{"receipt":"R-1"}',
        "inputSize": 17,
        "outputSize": 17,
    },
    WorkflowStatusResponse: {
        "workflowId": WORKFLOW_ID,
        "correlationId": "customer-7",
        "status": "RUNNING",
    },
    WorkflowRun: {
        "responseType": "TARGET_WORKFLOW",
        "targetWorkflowId": WORKFLOW_ID,
        "targetWorkflowStatus": "COMPLETED",
        "requestId": "checkout-42",
        "workflowId": WORKFLOW_ID,
        "status": "COMPLETED",
        "input": _INPUT,
        "output": _OUTPUT,
        "tasks": [_DONE],
        "createTime": _STARTED,
        "updateTime": _ENDED,
    },
    BulkResponse: {
        "bulkErrorResults": {"unknown": "There is nothing with this name."},
        "bulkSuccessfulResults": [WORKFLOW_ID],
        "message": "Bulk Request has been processed.",
    },
    ErrorResponse: {
        "status": 404,
        "message": f"No such workflow found by id: {WORKFLOW_ID}",
        "instance": "dalsegno",
        "retryable": False,
    },
    PollData: {
        "queueName": "charge",
        "domain": "eu",
        "workerId": "worker-1",
        "lastPollTime": _STARTED,
    },
    HealthCheckStatus: {"healthy": True, "healthResults": [], "suppressedHealthResults": []},
    EnvironmentVariable: {"name": "region", "value": "eu-central-1"},
    ExternalStorageLocation: {"uri": _LOCATION, "path": "workflow/input/0190f000.json"},
    FileUploadRequest: {
        "workflowId": WORKFLOW_ID,
        "fileName": "invoice.pdf",
        "contentType": "application/pdf",
    },
    FileHandle: _FILE,
    FileUpload: {**_FILE, "uploadUrl": _FILE_URL, "uploadUrlExpiresAt": _ENDED},
    FileUploadUrl: {"fileHandleId": FILE_ID, "uploadUrl": _FILE_URL, "expiresAt": _ENDED},
    FileDownloadUrl: {"fileHandleId": FILE_ID, "downloadUrl": _FILE_URL, "expiresAt": _ENDED},
    FileUploadCompletion: {"fileHandleId": FILE_ID, "uploadStatus": "UPLOADED"},
    FileMultipart: {"fileHandleId": FILE_ID, "uploadId": "upload-1"},
    FileMultipartCompletion: {"partETags": ["9b2cf535f27731c9", "b54357fa"]},
    WorkflowSchedule: _SCHEDULE,
    WorkflowScheduleExecution: {
        "executionId": "0190f000-0000-7000-8000-0000000000e1",
        "scheduleName": "nightly",
        "scheduledTime": _STARTED,
        "executionTime": _STARTED + 12,
        "workflowName": "order",
        "workflowId": WORKFLOW_ID,
        "state": "EXECUTED",
        "zoneId": "Europe/Madrid",
    },
    dict[str, list[WorkflowDefSummary]]: {"order": [_VERSION]},
    dict[str, list[Workflow]]: {"customer-7": [_WORKFLOW]},
    dict[str, dict[str, str] | list[Workflow] | str]: {
        "bulkErrorResults": {"unknown": "No such workflow found by id: unknown"},
        "bulkSuccessfulResults": [_WORKFLOW],
        "message": "Bulk Request has been processed.",
    },
}


def example_of(kind: Any) -> JsonValue:
    """Return the example of what a route reads or answers; None if there is none."""
    if kind in EXAMPLES:
        return EXAMPLES[kind]
    origin = get_origin(kind)
    if origin is list:
        member = example_of(get_args(kind)[0])
        return None if member is None else [member]
    if origin in (Annotated, Union, UnionType):
        return example_of(get_args(kind)[0])
    if isinstance(kind, type) and issubclass(kind, SearchResult):
        (hit,) = kind.__pydantic_generic_metadata__["args"]
        return {"totalHits": 1, "results": [example_of(hit)]}
    return None
