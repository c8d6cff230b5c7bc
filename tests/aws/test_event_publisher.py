"""Events reach SQS, SNS and EventBridge under their id."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.event_publisher import AwsEventPublisher
from dalsegno_state.ports import OutgoingEvent, ServiceCallError

SIBLING = "arn:aws:sqs:us-east-1:123456789012:dalsegno-test-_evaluator"


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clients]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        clients = Clients("us-east-1")
        yield clients
        clients.close()


def an_event(service: str, target: str, event_id: str = "w.0.0.ZQ") -> OutgoingEvent:
    return OutgoingEvent(
        id=event_id, service=service, target=target, kind="Paid", group="w", body={"n": 1}
    )


def received(clients: Clients, url: str) -> list[Any]:
    """Return the messages that a queue holds."""
    reply = clients.sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(reply.get("Messages", []))


@pytest.mark.parametrize("by_url", [True, False])
def test_queue_gets_the_body_and_the_id(clients: Clients, by_url: bool) -> None:
    url = clients.sqs.create_queue(QueueName="orders")["QueueUrl"]

    AwsEventPublisher(clients).publish(an_event("sqs", url if by_url else "orders"))

    (message,) = received(clients, url)
    assert json.loads(message["Body"]) == {"n": 1}
    assert message["MessageAttributes"]["taskId"]["StringValue"] == "w.0.0.ZQ"


def test_fifo_queue_keeps_one_of_two_with_the_same_id(clients: Clients) -> None:
    url = clients.sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})
    publisher = AwsEventPublisher(clients)

    for event_id in ("a" * 200, "a" * 200, "b"):
        publisher.publish(an_event("sqs", "orders.fifo", event_id))

    size = clients.sqs.get_queue_attributes(
        QueueUrl=url["QueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert size["Attributes"]["ApproximateNumberOfMessages"] == "2"


@pytest.mark.parametrize("topic", ["paid", "arn:aws:sns:us-east-1:123456789012:paid"])
def test_topic_gets_the_body_and_the_id(clients: Clients, topic: str) -> None:
    url = clients.sqs.create_queue(QueueName="orders")["QueueUrl"]
    arn = clients.sns.create_topic(Name="paid")["TopicArn"]
    clients.sns.subscribe(
        TopicArn=arn, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:orders"
    )

    AwsEventPublisher(clients, SIBLING).publish(an_event("sns", topic))

    (message,) = received(clients, url)
    told = json.loads(message["Body"])
    assert json.loads(told["Message"]) == {"n": 1}
    assert told["MessageAttributes"]["taskId"]["Value"] == "w.0.0.ZQ"


def test_bus_gets_the_body_with_the_id(clients: Clients) -> None:
    url = clients.sqs.create_queue(QueueName="orders")["QueueUrl"]
    clients.events.create_event_bus(Name="shop")
    clients.events.put_rule(
        Name="all",
        EventBusName="shop",
        EventPattern=json.dumps({"source": ["dalsegno"], "detail-type": ["Paid"]}),
    )
    target = {"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:orders"}
    clients.events.put_targets(Rule="all", EventBusName="shop", Targets=[target])  # type: ignore[list-item]

    AwsEventPublisher(clients).publish(an_event("eventbridge", "shop"))

    (message,) = received(clients, url)
    assert json.loads(message["Body"])["detail"] == {"n": 1, "taskId": "w.0.0.ZQ"}


@pytest.mark.parametrize(
    ("service", "target"),
    [
        ("sqs", "nowhere"),
        ("sns", "arn:aws:sns:us-east-1:123456789012:nowhere"),
        ("sns", "named"),
    ],
)
def test_target_that_is_not_there_is_a_refusal(clients: Clients, service: str, target: str) -> None:
    with pytest.raises(ServiceCallError):
        AwsEventPublisher(clients).publish(an_event(service, target))


OWN = "dalsegno-test-"


@pytest.mark.parametrize("queue", ["_evaluator", "_events", "_triggers", "_results", "HTTP", "pay"])
@pytest.mark.parametrize(
    "spelling",
    [
        "{own}",
        "https://sqs.us-east-1.amazonaws.com/123456789012/{own}",
        "http://127.0.0.1:4566/000000000000/{own}",
        "arn:aws:sqs:us-east-1:123456789012:{own}",
        "dead-letters-{own}",
        "https://sqs.us-east-1.amazonaws.com/123456789012/dead-letters-{own}",
        # Other readings of an address than the plain one.
        "https://sqs.us-east-1.amazonaws.com/123456789012/{own}/",
        "https://sqs.us-east-1.amazonaws.com/123456789012/{own}?a=b",
        "https://sqs.us-east-1.amazonaws.com/123456789012/{own}#a",
        "https://sqs.us-east-1.amazonaws.com/123456789012//{own}",
        "https://sqs.us-east-1.amazonaws.com/123456789012/x/../{own}",
        "https://sqs.us-east-1.amazonaws.com/123456789012/%64alsegno-test-_evaluator",
        "https://x@sqs.us-east-1.amazonaws.com/123456789012/{own}",
    ],
)
def test_queues_of_this_deployment_are_no_sinks(
    clients: Clients, spelling: str, queue: str
) -> None:
    url = clients.sqs.create_queue(QueueName=OWN + queue)["QueueUrl"]
    publisher = AwsEventPublisher(clients, SIBLING, OWN)

    with pytest.raises(ServiceCallError) as refused:
        publisher.publish(an_event("sqs", spelling.format(own=OWN + queue)))

    assert refused.value.is_final
    assert received(clients, url) == []
