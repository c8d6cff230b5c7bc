"""What Lambda tells of an asynchronous invocation, as the result of a task."""

import json
from typing import Any

import pytest

from dalsegno.models import TaskResult, TaskResultStatus
from dalsegno_functions.function_results import read_result
from dalsegno_state.versions import NewerVersionError


def an_envelope(condition: str, answer: Any) -> str:
    """Return what a destination gets."""
    return json.dumps(
        {
            "version": "1.0",
            "timestamp": "2026-01-02T03:04:05.678Z",
            "requestContext": {
                "requestId": "e4b46cbf",
                "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:charge:$LATEST",
                "condition": condition,
                "approximateInvokeCount": 1,
            },
            "requestPayload": {"taskId": "t", "workflowInstanceId": "w", "inputData": {"n": 1}},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
            "responsePayload": answer,
        }
    )


@pytest.mark.parametrize(
    ("answer", "output"), [({"paid": True}, {"paid": True}), (7, {"result": 7}), (None, {})]
)
def test_answer_is_the_output(answer: Any, output: dict[str, Any]) -> None:
    result = read_result(an_envelope("Success", answer))

    assert (result.task_id, result.workflow_instance_id) == ("t", "w")
    assert (result.status, result.output_data) == ("COMPLETED", output)
    assert str(result.worker_id).endswith("function:charge:$LATEST")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"errorType": "ValueError", "errorMessage": "no"}, "FAILED"),
        ({"errorType": "shop.NonRetryableException", "errorMessage": "no"},
         "FAILED_WITH_TERMINAL_ERROR"),
    ],
)  # fmt: skip
def test_error_is_the_failure(error: dict[str, str], status: str) -> None:
    result = read_result(an_envelope("RetriesExhausted", error))

    assert (result.status, result.output_data) == (status, {})
    assert result.reason_for_incompletion == f"{error['errorType']}: no"


def test_invocation_that_lambda_gave_up_is_a_failure() -> None:
    result = read_result(an_envelope("EventAgeExceeded", None))

    assert result.status == "FAILED"
    reason = "EventAgeExceeded: the function did not answer"
    assert result.reason_for_incompletion == reason


def test_result_of_a_worker_is_read_as_it_is() -> None:
    body = {"taskId": "t", "workflowInstanceId": "w", "status": "FAILED", "outputData": {"n": 1}}

    result = read_result(json.dumps(body))

    assert (result.status, result.output_data) == ("FAILED", {"n": 1})


@pytest.mark.parametrize("body", ["[]", '{"requestContext": {"condition": "Success"}}'])
def test_what_is_neither_is_refused(body: str) -> None:
    with pytest.raises(NewerVersionError):
        read_result(body)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_answer_with_a_number_that_json_lacks_fails_the_task(number: str) -> None:
    bodies = [
        an_envelope("Success", {"rates": [1, "?"]}),
        TaskResult(
            task_id="t",
            workflow_instance_id="w",
            status=TaskResultStatus.COMPLETED,
            output_data={"rates": [1, "?"]},
        ).to_wire_json(),
    ]

    for body in bodies:
        text = body if isinstance(body, str) else body.decode()
        result = read_result(text.replace('"?"', number))

        assert (result.status, result.output_data) == ("FAILED", {})
        assert "rates[1] is" in str(result.reason_for_incompletion)
