"""A batch of messages: what fails comes back alone, and later each time."""

from typing import Any

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno_functions.batch import Consumer, consume
from dalsegno_state.hops import MAX_HOPS
from dalsegno_state.versions import NewerVersionError

QUEUE = "_evaluator"


class Source:
    """See ``batch.Source``; remembers what was postponed."""

    def __init__(self) -> None:
        self.postponed: list[tuple[str, str, float]] = []

    def relay(self, body: str) -> str | None:
        return None if body.startswith("timer:") else body

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        self.postponed.append((queue, receipt, delay_seconds))


def _record(body: str, deliveries: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"id of {body}",
        "receiptHandle": f"receipt of {body}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(deliveries)},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:dalsegno-dev-_evaluator",
    }


def _consumed(*records: dict[str, Any]) -> tuple[list[str], list[str], Source]:
    """Return what was done, what failed, and the source."""
    source, done = Source(), list[str]()

    def work(body: str) -> None:
        if body == "poison":
            raise ValueError(body)
        if body == "newer":
            raise NewerVersionError(body)
        done.append(body)

    reply = consume({"Records": list(records)}, None, source, lambda _: Consumer(QUEUE, work))
    return done, [item["itemIdentifier"] for item in reply["batchItemFailures"]], source


def test_a_failure_returns_only_its_own_message() -> None:
    done, failed, _ = _consumed(_record("a"), _record("poison"), _record("b"))

    assert done == ["a", "b"]
    assert failed == ["id of poison"]


def test_a_batch_of_failures_is_no_failure_of_the_function() -> None:
    done, failed, _ = _consumed(_record("poison"))

    assert (done, failed) == ([], ["id of poison"])


@pytest.mark.parametrize(("deliveries", "seconds"), [(1, 2), (3, 8), (19, 60)])
def test_what_fails_comes_back_later_each_time(deliveries: int, seconds: float) -> None:
    _, _, source = _consumed(_record("poison", deliveries))

    assert source.postponed == [(QUEUE, "receipt of poison", seconds)]


@pytest.mark.parametrize(("deliveries", "seconds"), [(1, 2), (11, 2048), (19, 3600)])
def test_what_only_a_newer_version_can_read_has_hours_to_meet_one(
    deliveries: int, seconds: float
) -> None:
    done, failed, source = _consumed(_record("newer", deliveries), _record("a"))

    assert (done, failed) == (["a"], ["id of newer"])
    assert source.postponed == [(QUEUE, "receipt of newer", seconds)]


def test_a_timer_is_sent_on_and_not_worked_on() -> None:
    done, failed, source = _consumed(_record("timer:x"))

    assert (done, failed, source.postponed) == ([], [], [])


def test_a_message_of_somebody_elses_queue_is_taken_as_it_is_and_not_postponed() -> None:
    source, done = Source(), list[str]()

    def work(body: str) -> None:
        done.append(body)
        raise ValueError(body)

    record = _record("timer:x")
    reply = consume({"Records": [record]}, None, source, lambda _: Consumer(None, work))

    assert (done, source.postponed) == (["timer:x"], [])
    assert reply["batchItemFailures"] == [{"itemIdentifier": "id of timer:x"}]


def test_a_failing_message_is_logged_by_its_id_without_what_it_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _consumed(_record("poison") | {"messageId": "id-1"})

    (line,) = (record.getMessage() for record in caplog.records)
    assert line == "message id-1 of queue _evaluator failed"


def _after(hops: int) -> dict[str, Any]:
    attribute = {"stringValue": str(hops), "dataType": "Number"}
    return {**_record("a"), "messageAttributes": {"hops": attribute}}


@pytest.mark.parametrize(
    ("hops", "brings_back", "done"),
    [(MAX_HOPS, True, ["a"]), (MAX_HOPS + 1, True, []), (MAX_HOPS + 1, False, ["a"])],
)
def test_only_what_the_wake_brings_back_is_dropped_behind_too_many_hops(
    hops: int, brings_back: bool, done: list[str]
) -> None:
    worked = list[str]()
    consumer = Consumer(QUEUE, worked.append, brings_back)

    reply = consume({"Records": [_after(hops)]}, None, Source(), lambda _: consumer)

    assert worked == done
    assert reply["batchItemFailures"] == []


@pytest.mark.parametrize("text", ["", "-1", "1e9", "many"])
def test_a_count_that_is_no_number_stops_nothing(text: str) -> None:
    worked = list[str]()
    record = {**_record("a"), "messageAttributes": {"hops": {"stringValue": text}}}

    consume({"Records": [record]}, None, Source(), lambda _: Consumer(QUEUE, worked.append, True))

    assert worked == ["a"]
