"""What the evaluator does with the messages of each queue."""

from typing import Any

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dalsegno_functions import evaluator
from dalsegno_state.incoming_event import IncomingEvent

_PREFIX = "arn:aws:sqs:eu-west-1:123456789012:"


class _Engine:
    """Remembers the events it is given."""

    def __init__(self) -> None:
        self.engine = self
        self.event_intake = self
        self.taken: list[IncomingEvent] = []

    def take(self, event: IncomingEvent) -> None:
        self.taken.append(event)


def _record(queue: str, body: str) -> SQSRecord:
    record: dict[str, Any] = {
        "messageId": "m-1",
        "receiptHandle": "r",
        "body": body,
        "attributes": {},
        "eventSourceARN": _PREFIX + queue,
    }
    return SQSRecord(record)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> _Engine:
    engine = _Engine()
    monkeypatch.setattr(evaluator, "aws_engine", lambda: engine)
    for name in ("evaluator", "results", "events"):
        monkeypatch.setenv(f"DALSEGNO_{name.upper()}_QUEUE_ARN", f"{_PREFIX}dev-_{name}")
    return engine


@pytest.mark.parametrize("queue", ["_evaluator", "_results", "_events"])
@pytest.mark.usefixtures("engine")
def test_own_queues_are_known_by_name(queue: str) -> None:
    assert evaluator._consumer(_record(f"dev-{queue}", "{}")).queue == queue


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        ('{"n": 7}', {"n": 7}),
        ('{"deliverAt": 1, "queue": "q"}', {"deliverAt": 1, "queue": "q"}),
        ("[1]", {"payload": [1]}),
        ("no JSON", {"payload": "no JSON"}),
    ],
)
def test_message_of_another_queue_is_an_event_of_its_name(
    engine: _Engine, body: str, payload: dict[str, Any]
) -> None:
    consumer = evaluator._consumer(_record("orders", body))

    consumer.work(body)

    assert consumer.queue is None
    assert engine.taken == [IncomingEvent(event="sqs:orders", id="m-1", payload=payload)]
