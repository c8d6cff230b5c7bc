"""A function as a worker: what it is given, and what becomes of its answers."""

import json

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno import Retry, TaskContext, Worker, worker
from dalsegno.models import Task, TaskResultStatus, TaskStatus
from dalsegno.workers.lambda_function import TaskComesBack
from dalsegno_functions.lambda_worker import HandedOver, work
from dalsegno_functions.wiring import local_engine
from dalsegno_state.ports import Message, Queues, Received
from tests.clock import ManualClock

TASK = Task(
    task_id="t1",
    workflow_instance_id="w1",
    task_type="charge",
    status=TaskStatus.IN_PROGRESS,
    input_data={"amount": 3},
)


def _answers(value: object, *, failed: bool = False) -> tuple[TaskResultStatus, object, str | None]:
    result = work(TASK, lambda _: (json.dumps(value).encode(), failed))
    return result.status, result.output_data, result.reason_for_incompletion


def test_the_function_is_given_the_task() -> None:
    given: list[dict[str, object]] = []

    def invoke(task: bytes) -> tuple[bytes, bool]:
        given.append(json.loads(task))
        return b"", False

    work(TASK, invoke)

    assert given[0]["inputData"] == {"amount": 3}


@pytest.mark.parametrize(
    ("value", "output"), [({"paid": True}, {"paid": True}), (7, {"result": 7}), (None, {})]
)
def test_what_the_function_answers_is_the_output(value: object, output: object) -> None:
    assert _answers(value) == (TaskResultStatus.COMPLETED, output, None)


def test_an_error_of_the_function_fails_the_attempt() -> None:
    error = {"errorType": "TimeoutError", "errorMessage": "no answer"}

    assert _answers(error, failed=True) == (
        TaskResultStatus.FAILED,
        {},
        "TimeoutError: no answer",
    )


def test_an_error_may_be_for_good() -> None:
    error = {"errorType": "shop.NonRetryableException", "errorMessage": "no such card"}

    status, _, _ = _answers(error, failed=True)

    assert status is TaskResultStatus.FAILED_WITH_TERMINAL_ERROR


def test_an_attempt_may_come_back_with_what_it_had_told() -> None:
    @worker("charge")
    def charge(task: TaskContext) -> None:
        task.logger.info("asked the bank")
        task.progress(asked="twice")
        raise Retry("the bank is closed", after_seconds=90)

    with pytest.raises(TaskComesBack) as raised:
        Worker(charge).lambda_handler()(TASK.to_wire(), _Context())
    error = {"errorType": "TaskComesBack", "errorMessage": str(raised.value)}
    result = work(TASK, lambda _: (json.dumps(error).encode(), True))

    assert (result.status, result.callback_after_seconds) == (TaskResultStatus.IN_PROGRESS, 90)
    assert (result.task_id, result.output_data) == ("t1", {"asked": "twice"})
    assert [each.log for each in result.logs] == ["asked the bank"]


def test_an_error_that_only_looks_like_it_fails_the_attempt() -> None:
    error = {"errorType": "TaskComesBack", "errorMessage": "soon"}

    assert _answers(error, failed=True) == (TaskResultStatus.FAILED, {}, "TaskComesBack: soon")


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def _received() -> tuple[Queues, Received]:
    """Return queues in memory, and a message that somebody took from one of them."""
    queues = local_engine(None, ManualClock()).queues
    queues.send([Message(queue="charge", body="t1")])
    (message,) = queues.receive("charge", count=1, wait_seconds=0, visibility_seconds=30)
    return queues, message


def test_a_message_is_handed_over_once() -> None:
    queues, message = _received()
    handed = HandedOver(queues, [message])

    first = handed.receive("charge", count=5, wait_seconds=0, visibility_seconds=30)
    second = handed.receive("charge", count=5, wait_seconds=0, visibility_seconds=30)

    assert (first, second) == ([message], [])


def test_a_message_for_later_is_kept() -> None:
    queues, message = _received()
    handed = HandedOver(queues, [message])

    handed.postpone("charge", message.receipt, 5)

    assert handed.kept == {message.receipt}
