"""What a worker function makes of a task: its result, whatever happens."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from dalsegno import Fail, Input, Retry, TaskContext, worker
from dalsegno.models import TaskResultStatus
from dalsegno.workers import SignatureError, Worker
from dalsegno.workers.attempt import MAX_OUTPUT_BYTES
from tests.unit.sdk.workers.tasks import a_task

COMPLETED = TaskResultStatus.COMPLETED
FAILED = TaskResultStatus.FAILED
FOR_GOOD = TaskResultStatus.FAILED_WITH_TERMINAL_ERROR


class Order(BaseModel):
    model_config = ConfigDict(strict=True)

    number: int
    due: date


class Receipt(BaseModel):
    paid: Decimal
    paid_by: Annotated[str, Field(alias="paidBy")]


@dataclass
class Parcel:
    weight: float


@worker
def charge(order: Order, amount: Decimal, by: str = "card") -> Receipt:
    return Receipt(paid=amount, paidBy=by)


ORDER = {"number": 7, "due": "2026-01-31"}


def test_function_can_still_be_called_as_it_was_written() -> None:
    order = Order(number=7, due=date(2026, 1, 31))

    assert charge(order, Decimal("1.5")).paid == Decimal("1.5")
    assert charge.__name__ == charge.task_type == "charge"


def test_parameters_are_read_from_the_input_and_the_result_becomes_the_output() -> None:
    result = charge.run(a_task({"order": ORDER, "amount": "12.50", "unknown": 1}))

    assert result.status is COMPLETED
    assert result.output_data == {"paid": "12.50", "paidBy": "card"}
    assert (result.task_id, result.workflow_instance_id) == ("w1.0.0.cmVm", "w1")


def test_parameter_may_have_another_name_in_the_input() -> None:
    @worker
    def ship(order_id: Annotated[int, Field(alias="orderId", gt=0)]) -> int:
        return order_id

    assert ship.run(a_task({"orderId": 7})).output_data == {"result": 7}
    assert "orderId: Input should be" in (
        ship.run(a_task({"orderId": 0})).reason_for_incompletion or ""
    )


def test_null_stands_for_what_is_absent() -> None:
    result = charge.run(a_task({"order": ORDER, "amount": 1, "by": None}))

    assert result.output_data["paidBy"] == "card"


def test_input_that_does_not_fit_fails_for_good_and_tells_all_that_is_wrong() -> None:
    result = charge.run(a_task({"order": {"number": "x", "due": "2026-01-31"}}))

    assert result.status is FOR_GOOD
    reason = result.reason_for_incompletion or ""
    assert "amount is missing" in reason
    assert "order.number: Input should be a valid integer" in reason


def test_result_that_does_not_fit_fails_for_good() -> None:
    @worker
    def lie() -> Receipt:
        return {"paid": 1}  # type: ignore[return-value]

    result = lie.run(a_task())

    assert result.status is FOR_GOOD
    assert "paidBy: Field required" in (result.reason_for_incompletion or "")


def test_result_that_is_no_json_fails_for_good() -> None:
    @worker
    def weird():  # type: ignore[no-untyped-def]
        return object()

    result = weird.run(a_task())

    assert result.status is FOR_GOOD
    assert "no JSON" in (result.reason_for_incompletion or "")


@pytest.mark.parametrize(
    ("value", "output"),
    [
        (None, {}),
        (7, {"result": 7}),
        ([Parcel(1.5)], {"result": [{"weight": 1.5}]}),
        (Parcel(1.5), {"weight": 1.5}),
        ({"a": None}, {"a": None}),
    ],
)
def test_anything_but_an_object_becomes_the_result(value: object, output: object) -> None:
    @worker
    def give() -> Any:
        return value

    assert give.run(a_task()).output_data == output


def test_whole_input_the_task_and_the_rest() -> None:
    @worker
    def whole(everything: Input[dict[str, int]], task: TaskContext) -> str:
        return f"{sum(everything.values())} {task.task_id}"

    @worker
    def rest(a: int, **others: float) -> list[object]:
        return [a, others]

    assert whole.run(a_task({"a": 1, "b": 2})).output_data == {"result": "3 w1.0.0.cmVm"}
    assert rest.run(a_task({"a": 1, "b": "2.5"})).output_data == {"result": [1, {"b": 2.5}]}
    failed = rest.run(a_task({"a": 1, "b": "x"}))
    assert failed.status is FOR_GOOD


def test_async_function_runs_as_any_other() -> None:
    @worker("pack-it", domain="north", concurrency=3)
    async def pack(x: int) -> int:
        await asyncio.sleep(0)
        return x + 1

    assert (pack.task_type, pack.domain, pack.concurrency) == ("pack-it", "north", 3)
    assert pack.run(a_task({"x": 1})).output_data == {"result": 2}
    assert asyncio.run(pack(1)) == 2
    assert asyncio.run(pack.run_async(a_task({"x": 1}))).output_data == {"result": 2}


def test_retry_with_a_time_brings_the_same_attempt_back_with_its_progress() -> None:
    @worker
    def busy(task: TaskContext) -> None:
        task.progress(percent=40)
        raise Retry("till is busy", after_seconds=29.2)

    result = busy.run(a_task())

    assert result.status is TaskResultStatus.IN_PROGRESS
    assert result.callback_after_seconds == 30
    assert result.reason_for_incompletion == "till is busy"
    assert result.output_data == {"percent": 40}


def test_retry_without_a_time_leaves_it_to_the_definition() -> None:
    @worker
    def busy() -> None:
        raise Retry("till is busy")

    assert busy.run(a_task()).status is FAILED


@pytest.mark.parametrize("terminal", [True, False])
def test_fail_says_whether_trying_again_is_any_use(terminal: bool) -> None:
    @worker
    def fail() -> None:
        raise Fail("card is stolen", terminal=terminal)

    result = fail.run(a_task())

    assert result.status is (FOR_GOOD if terminal else FAILED)
    assert result.reason_for_incompletion == "card is stolen"
    assert result.logs == []


def test_unexpected_error_fails_the_attempt_and_its_traceback_is_logged() -> None:
    @worker
    def crash() -> None:
        raise KeyError("order")

    result = crash.run(a_task())

    assert result.status is FAILED
    assert result.reason_for_incompletion == "KeyError: 'order'"
    assert "Traceback" in (result.logs[0].log or "")
    assert "test_function.py" in (result.logs[0].log or "")


def test_what_ends_a_process_only_fails_the_attempt() -> None:
    @worker
    def leave() -> None:
        raise SystemExit(3)

    assert leave.run(a_task()).reason_for_incompletion == "SystemExit: 3"


def test_lines_become_logs_of_the_task_and_none_is_lost(caplog: pytest.LogCaptureFixture) -> None:
    @worker
    def talk(task: TaskContext) -> None:
        for number in range(25):
            task.logger.info("line %d", number)
        task.logger.debug("not for the task")

    with caplog.at_level(logging.INFO):
        result = talk.run(a_task())

    lines = "\n".join(entry.log or "" for entry in result.logs).split("\n")
    assert len(result.logs) <= 10  # as many as the engine takes with a result
    assert lines == [f"line {number}" for number in range(25)]
    record = caplog.records[0]
    assert (record.name, record.funcName) == ("dalsegno.workers.play", "talk")
    assert record.__dict__["task_id"] == "w1.0.0.cmVm"


def test_of_too_many_lines_the_last_are_kept() -> None:
    @worker
    def talk(task: TaskContext) -> None:
        for number in range(2_000):
            task.logger.info("line %d", number)

    text = "\n".join(entry.log or "" for entry in talk.run(a_task()).logs)

    assert text.startswith("(1501 earlier lines left out)")
    assert text.endswith("line 1999")


def test_output_beyond_the_limit_fails_for_good_and_says_what_to_do() -> None:
    @worker
    def much() -> str:
        return "x" * MAX_OUTPUT_BYTES

    result = much.run(a_task())

    assert result.status is FOR_GOOD
    assert "Put what is large elsewhere" in (result.reason_for_incompletion or "")


def test_context_tells_of_attempt_key_and_deadline() -> None:
    task = a_task(
        retryCount=2,
        pollCount=3,
        startTime=1_000_000,
        workflowTask={
            "name": "play",
            "taskReferenceName": "ref",
            "taskDefinition": {"name": "play", "timeoutSeconds": 60},
        },
    )

    context = TaskContext(task)

    assert (context.attempt, context.deliveries, context.key) == (3, 3, "w1/ref")
    assert context.deadline is not None
    assert context.deadline.timestamp() == 1_060
    assert context.remaining_seconds == 0
    assert TaskContext(task, ends_at=1_010).deadline.timestamp() == 1_010  # type: ignore[union-attr]
    assert TaskContext(a_task()).deadline is None


def test_function_that_heeds_its_cancellation_fails() -> None:
    @worker
    def heed(task: TaskContext) -> None:
        task.raise_if_cancelled()

    context = TaskContext(a_task())
    context.cancel()

    assert heed.run(a_task()).status is COMPLETED
    assert heed.run(a_task(), context).status is FAILED


def test_mistakes_in_signatures_tell_where_they_are_when_the_worker_is_made() -> None:
    class Opaque:
        pass

    @worker
    def bad(x: Opaque) -> None: ...

    @worker
    def by_place(*values: int) -> None: ...

    @worker
    def unknown(x: "Nowhere") -> None: ...  # type: ignore[name-defined]  # noqa: F821

    for function in (bad, by_place, unknown):
        with pytest.raises(
            SignatureError, match=r"test_function\.py:\d+: worker .*" + str(function.__name__)
        ):
            Worker(function)


def test_two_workers_of_one_type_are_refused() -> None:
    @worker("charge")
    def other() -> None: ...

    with pytest.raises(SignatureError, match="two workers of task type charge"):
        Worker(charge, other)
    with pytest.raises(SignatureError, match="put @worker above it"):
        Worker(len)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), {"amounts": [1.0, float("inf")]}])
def test_result_that_json_cannot_write_fails_for_good_with_its_place(value: object) -> None:
    @worker
    def count() -> object:
        return value

    result = count.run(a_task({}))

    assert result.status is FOR_GOOD
    assert result.reason_for_incompletion in {
        "The result is no JSON: outputData.result is nan; JSON has no such number",
        "The result is no JSON: outputData.amounts[1] is inf; JSON has no such number",
    }


@pytest.mark.parametrize("fails", [True, False])
def test_half_a_character_is_reported_replaced(fails: bool) -> None:
    @worker
    def cut() -> dict[str, str]:
        if fails:
            raise ValueError("cut \ud83d")
        return {"cut \ud83d": "cut \ud83d"}

    sent = cut.run(a_task({})).to_wire_json().decode()

    assert "cut \N{REPLACEMENT CHARACTER}" in sent
    assert ("FAILED" in sent) is fails
