"""What becomes of AWS's refusals, and of answers that were lost."""

from dataclasses import replace
from unittest.mock import patch

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from dalsegno.errors import PayloadTooLargeError, UnavailableError
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.failures import translated
from dalsegno_state.writes import CreateTask, Lost, ReplaceTask, UpdateWorkflow
from tests.builders import a_task, a_workflow_state


def refusal(code: str, message: str = "no", status: int = 400) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
        },
        "PutItem",
    )


@pytest.mark.parametrize(
    "error",
    [
        refusal("ThrottlingException"),
        refusal("OverLimit"),
        refusal("AWS.SimpleQueueService.OverLimit"),
        refusal("ThrottledException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("Strange", status=500),
        ReadTimeoutError(endpoint_url="https://dynamodb"),
    ],
)
def test_what_may_work_later_is_told_as_unavailable(error: Exception) -> None:
    with pytest.raises(UnavailableError, match="writing") as caught, translated("writing"):
        raise error

    assert caught.value.__cause__ is error


def test_item_that_is_too_large_is_told_as_such(ports: AwsPorts) -> None:
    noise = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(250_000))

    with pytest.raises(PayloadTooLargeError, match="400 KB"):
        ports.state.commit([CreateTask(a_task(input={"noise": noise}))])


def test_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(ClientError), translated("writing"):
        raise refusal("AccessDeniedException")


def test_repeated_request_that_had_taken_effect_is_no_loss(ports: AwsPorts) -> None:
    task, workflow = a_task(), a_workflow_state()
    claimed = replace(task, revision=1, worker_id="worker-1")
    ports.state.create_workflow(workflow)
    writes = [
        CreateTask(task),
        ReplaceTask(claimed, task.task_id, 0),
        UpdateWorkflow(replace(workflow, revision=1, variables={"a": 1}), 0),
    ]

    for write in writes:
        assert ports.state.commit([write]) is None
        with patch("dalsegno_state.aws.table.was_repeated", return_value=True):
            assert ports.state.commit([write]) is None


def test_repeated_request_that_met_another_writer_is_a_loss(ports: AwsPorts) -> None:
    ports.state.commit([CreateTask(a_task(worker_id="worker-1"))])
    write = CreateTask(a_task(worker_id="worker-2"))

    with patch("dalsegno_state.aws.table.was_repeated", return_value=True):
        lost = ports.state.commit([write])

    assert lost == Lost(write, a_task(worker_id="worker-1"))
