"""How every wire object is read and written."""

import json

import pytest
from pydantic import ValidationError

from dalsegno.models import (
    ConductorModel,
    ErrorResponse,
    RerunWorkflowRequest,
    SearchResult,
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    Workflow,
    WorkflowDef,
    WorkflowTask,
)


def a_task(**properties: object) -> Task:
    return Task.model_validate({"status": "SCHEDULED", **properties})


def test_property_without_a_value_is_left_out() -> None:
    assert "description" not in TaskDef(name="mail").to_wire()


def test_null_inside_a_map_of_the_user_is_kept() -> None:
    task = a_task(outputData={"a": None, "rows": [None, {"b": None}]})

    assert task.to_wire()["outputData"] == {"a": None, "rows": [None, {"b": None}]}


def test_fast_writer_says_the_same_as_the_slow_one() -> None:
    workflow = Workflow(workflow_id="w1", tasks=[a_task(inputData={"a": None})])

    assert json.loads(workflow.to_wire_json()) == workflow.to_wire()


@pytest.mark.parametrize(
    ("field", "default"),
    [("retryCount", 3), ("taskStatusListenerEnabled", True), ("retryLogic", "FIXED")],
)
def test_null_reads_as_the_default(field: str, default: object) -> None:
    task_def = TaskDef.model_validate({"name": "mail", field: None})

    assert task_def.to_wire()[field] == default


def test_null_times_read_as_zero() -> None:
    definition = WorkflowDef.model_validate_json('{"createTime": null, "updateTime": null}')

    assert (definition.create_time, definition.update_time) == (0, 0)


def test_unknown_key_of_a_definition_survives() -> None:
    definition = {"name": "w", "tasks": [{"name": "t", "color": "red"}], "team": {"id": 7}}

    wire = WorkflowDef.model_validate(definition).to_wire()

    assert wire["team"] == {"id": 7}
    assert wire["tasks"][0]["color"] == "red"  # type: ignore[call-overload, index]  # plain JSON


def test_unknown_key_of_a_request_is_ignored() -> None:
    request = StartWorkflowRequest.model_validate({"name": "w", "queryId": "q"})

    assert "queryId" not in request.to_wire()


def test_number_is_accepted_where_text_is_expected() -> None:
    request = StartWorkflowRequest.model_validate({"name": "w", "correlationId": 7})

    assert request.correlation_id == "7"


def test_model_cannot_be_changed() -> None:
    task_def = TaskDef(name="mail")

    with pytest.raises(ValidationError):
        task_def.name = "post"  # type: ignore[misc]  # the point of the test


def test_number_too_large_for_java_is_refused() -> None:
    with pytest.raises(ValidationError):
        TaskDef(name="mail", retry_count=2**31)


@pytest.mark.parametrize(
    ("model", "alias"),
    [
        (RerunWorkflowRequest, "reRunFromWorkflowId"),
        (Task, "subworkflowChanged"),
        (Task, "externalInputPayloadStoragePath"),
        (Task, "executionNameSpace"),
        (TaskDef, "backoffJitterMs"),
        (TaskDef, "rateLimitFrequencyInSeconds"),
        (WorkflowTask, "dynamicForkTasksInputParamName"),
    ],
)
def test_wire_name_is_conductors(model: type[ConductorModel], alias: str) -> None:
    assert f'"{alias}"' in json.dumps(model.model_json_schema())


def test_search_result_reads_its_hits() -> None:
    page = SearchResult[Task].model_validate({"totalHits": 1, "results": [{"status": "FAILED"}]})

    assert page.results[0].status is TaskStatus.FAILED


def test_error_without_validation_errors_does_not_list_any() -> None:
    wire = ErrorResponse(status=404, message="No such workflow").to_wire()

    assert wire == {"status": 404, "message": "No such workflow", "retryable": False}


@pytest.mark.parametrize("priority", [-1, 100])
def test_priority_out_of_range_is_refused(priority: int) -> None:
    bound = "minimum 0" if priority < 0 else "maximum 99"

    with pytest.raises(ValidationError, match=f"priority: {priority} should be {bound}"):
        StartWorkflowRequest(name="w", priority=priority)


def test_result_without_ids_names_both() -> None:
    with pytest.raises(ValidationError) as refusal:
        TaskResult.model_validate({"status": "COMPLETED", "taskId": None})

    assert [error["msg"] for error in refusal.value.errors()] == [
        "Workflow Id cannot be null or empty",
        "Task ID cannot be null or empty",
    ]


def test_result_of_an_unknown_status_is_refused() -> None:
    with pytest.raises(ValidationError, match="status"):
        TaskResult.model_validate({"workflowInstanceId": "w", "taskId": "t", "status": "SKIPPED"})


def test_reason_is_cut_at_500_characters() -> None:
    assert a_task(reasonForIncompletion="x" * 501).reason_for_incompletion == "x" * 500


@pytest.mark.parametrize(
    ("status", "reported"),
    [
        (TaskStatus.TIMED_OUT, TaskResultStatus.FAILED),
        (TaskStatus.SKIPPED, TaskResultStatus.FAILED),
        (TaskStatus.SCHEDULED, TaskResultStatus.IN_PROGRESS),
        (TaskStatus.CANCELED, TaskResultStatus.CANCELED),
    ],
)
def test_task_is_reported_with_a_status_workers_may_use(
    status: TaskStatus, reported: TaskResultStatus
) -> None:
    task = a_task(status=status, taskId="t", workflowInstanceId="w")

    assert TaskResult.from_task(task).status is reported
