"""Examples for the API's description: one for each model, as it looks on the wire."""

from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from dalsegno.models import (
    BulkResponse,
    CorrelationIdsRequest,
    EnvironmentVariable,
    ErrorResponse,
    EventExecution,
    EventHandler,
    EventMessage,
    ExternalStorageLocation,
    FileDownloadUrl,
    FileHandle,
    FileMultipart,
    FileMultipartCompletion,
    FileUpload,
    FileUploadCompletion,
    FileUploadRequest,
    FileUploadUrl,
    HandledEvent,
    HealthCheckStatus,
    JsonObject,
    JsonValue,
    PollData,
    RateLimitConfig,
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
    TaskIds,
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

_WORKFLOW_ID: Final = "0190f000-0000-7000-8000-000000000001"
_TASK_ID: Final = "0190f000-0000-7000-8000-00000000000a"
_FILE_ID: Final = "0190f000-0000-7000-8000-0000000000f1"
_MESSAGE_ID: Final = "0190f000-0000-7000-8000-0000000000e2"

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
    "taskId": _TASK_ID,
    "taskType": "charge",
    "taskDefName": "charge",
    "referenceTaskName": "charge",
    "status": "IN_PROGRESS",
    "workflowInstanceId": _WORKFLOW_ID,
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
    "workflowId": _WORKFLOW_ID,
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
    "fileHandleId": _FILE_ID,
    "workflowId": _WORKFLOW_ID,
    "fileName": "invoice.pdf",
    "contentType": "application/pdf",
    "storageType": "S3",
    "uploadStatus": "PENDING",
    "createdAt": _STARTED,
}
_LOCATION: Final = "https://payloads.s3.amazonaws.com/workflow/input/0190f000.json"
_FILE_URL: Final = f"https://files.s3.amazonaws.com/{_WORKFLOW_ID}/{_FILE_ID}"

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
    RateLimitConfig: {
        "rateLimitKey": "${workflow.input.customer}",
        "concurrentExecLimit": 5,
        "policy": "QUEUE",
    },
    Tag: _TAG,
    TaggedName: {"name": "payments_token", "tags": [_TAG]},
    StartWorkflowRequest: _START,
    RerunWorkflowRequest: {"reRunFromTaskId": _TASK_ID, "taskInput": {"orderId": "A-2"}},
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
    TaskIds: {"taskIds": [_TASK_ID]},
    TaskResult: {
        "workflowInstanceId": _WORKFLOW_ID,
        "taskId": _TASK_ID,
        "status": "COMPLETED",
        "workerId": "worker-1",
        "outputData": _OUTPUT,
    },
    TaskExecLog: {"log": "charged card", "taskId": _TASK_ID, "createdTime": _STARTED},
    TaskSummary: {
        "workflowId": _WORKFLOW_ID,
        "workflowType": "order",
        "taskId": _TASK_ID,
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
        "workflowId": _WORKFLOW_ID,
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
        "workflowId": _WORKFLOW_ID,
        "correlationId": "customer-7",
        "status": "RUNNING",
    },
    WorkflowRun: {
        "responseType": "TARGET_WORKFLOW",
        "targetWorkflowId": _WORKFLOW_ID,
        "targetWorkflowStatus": "COMPLETED",
        "requestId": "checkout-42",
        "workflowId": _WORKFLOW_ID,
        "status": "COMPLETED",
        "input": _INPUT,
        "output": _OUTPUT,
        "tasks": [_DONE],
        "createTime": _STARTED,
        "updateTime": _ENDED,
    },
    BulkResponse: {
        "bulkErrorResults": {"unknown": "There is nothing with this name."},
        "bulkSuccessfulResults": [_WORKFLOW_ID],
        "message": "Bulk Request has been processed.",
    },
    ErrorResponse: {
        "status": 404,
        "message": f"No such workflow found by id: {_WORKFLOW_ID}",
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
        "workflowId": _WORKFLOW_ID,
        "fileName": "invoice.pdf",
        "contentType": "application/pdf",
    },
    FileHandle: _FILE,
    FileUpload: {**_FILE, "uploadUrl": _FILE_URL, "uploadUrlExpiresAt": _ENDED},
    FileUploadUrl: {"fileHandleId": _FILE_ID, "uploadUrl": _FILE_URL, "expiresAt": _ENDED},
    FileDownloadUrl: {"fileHandleId": _FILE_ID, "downloadUrl": _FILE_URL, "expiresAt": _ENDED},
    FileUploadCompletion: {"fileHandleId": _FILE_ID, "uploadStatus": "UPLOADED"},
    FileMultipart: {"fileHandleId": _FILE_ID, "uploadId": "upload-1"},
    FileMultipartCompletion: {"partETags": ["9b2cf535f27731c9", "b54357fa"]},
    WorkflowSchedule: _SCHEDULE,
    WorkflowScheduleExecution: {
        "executionId": "0190f000-0000-7000-8000-0000000000e1",
        "scheduleName": "nightly",
        "scheduledTime": _STARTED,
        "executionTime": _STARTED + 12,
        "workflowName": "order",
        "workflowId": _WORKFLOW_ID,
        "state": "EXECUTED",
        "zoneId": "Europe/Madrid",
    },
    EventHandler: {
        "name": "order_on_payment",
        "event": "payments",
        "condition": "$.amount > 0",
        "evaluatorType": "javascript",
        "actions": [
            {
                "action": "start_workflow",
                "start_workflow": {"name": "order", "input": {"orderId": "${orderId}"}},
            }
        ],
        "active": True,
    },
    EventExecution: {
        "id": "0190f000-0000-7000-8000-0000000000e2_0",
        "messageId": _MESSAGE_ID,
        "name": "order_on_payment",
        "event": "payments",
        "created": _STARTED,
        "status": "COMPLETED",
        "action": "start_workflow",
        "output": {"workflowId": _WORKFLOW_ID},
    },
    EventMessage: {
        "id": _MESSAGE_ID,
        "eventTarget": "payments",
        "createdAt": _STARTED,
        "fullPayload": {"orderId": "A-1", "amount": 12},
        "status": "REJECTED",
        "statusDescription": "No active event handler",
    },
    HandledEvent: {
        "name": "order_on_payment",
        "event": "payments",
        "active": True,
        "numberOfActions": 1,
        "numberOfMessages": 7,
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
        shown = example_of(hit)
        return None if shown is None else {"totalHits": 1, "results": [shown]}
    return None
