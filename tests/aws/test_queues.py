"""What the SQS adapter promises beyond the contract of queues."""

import json
from contextlib import closing
from dataclasses import replace

from moto import mock_aws

from dalsegno.queue_names import sqs_name
from dalsegno_state.aws import AwsPorts, open_ports
from dalsegno_state.aws.client import Clients
from dalsegno_state.ids import EVALUATOR_QUEUE
from dalsegno_state.ports import Message
from tests.aws.deployment import REGION, environment, settings_of
from tests.clock import ManualClock

SETTINGS = settings_of("test")
KEY = f"arn:aws:kms:{REGION}:123456789012:key/k"
HOUR_MS = 3_600_000


def schedules(admin: Clients) -> list[str]:
    group = SETTINGS.schedule_group
    found = admin.scheduler.list_schedules(GroupName=group)["Schedules"]
    return [schedule["Name"] for schedule in found]


def receive(ports: AwsPorts, queue: str, count: int = 10) -> list[str]:
    received = ports.queues.receive(queue, count=count, wait_seconds=0, visibility_seconds=60)
    return [message.body for message in received]


def test_message_for_later_than_15_minutes_becomes_a_schedule(
    ports: AwsPorts, admin: Clients, clock: ManualClock
) -> None:
    message = Message(queue="charge", body="t1", deliver_at=clock.now() + HOUR_MS)

    for _ in range(2):
        ports.queues.send([message])

    (name,) = schedules(admin)
    schedule = admin.scheduler.get_schedule(Name=name, GroupName=SETTINGS.schedule_group)
    assert schedule["ScheduleExpression"] == "at(2025-06-15T16:04:40)"  # two minutes early
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["Target"]["Arn"] == SETTINGS.evaluator_queue_arn
    assert receive(ports, "charge") == []


def test_timer_is_sent_on_with_the_rest_of_its_delay(
    ports: AwsPorts, admin: Clients, clock: ManualClock
) -> None:
    ports.queues.send([Message(queue="charge", body="t1", deliver_at=clock.now() + HOUR_MS)])
    (name,) = schedules(admin)
    schedule = admin.scheduler.get_schedule(Name=name, GroupName=SETTINGS.schedule_group)
    url = admin.sqs.create_queue(QueueName=sqs_name(SETTINGS.queue_prefix, EVALUATOR_QUEUE))
    admin.sqs.send_message(QueueUrl=url["QueueUrl"], MessageBody=schedule["Target"]["Input"])
    clock.advance(seconds=3600 - 90)

    assert receive(ports, EVALUATOR_QUEUE) == []

    assert ports.queues.sizes(["charge", EVALUATOR_QUEUE])["charge"].size == 1
    assert receive(ports, "charge") == []  # for another 90 seconds
    assert ports.queues.sizes([EVALUATOR_QUEUE])[EVALUATOR_QUEUE].unacknowledged == 0


def test_timer_that_comes_late_is_delivered_at_once(ports: AwsPorts, clock: ManualClock) -> None:
    body = "timer:" + json.dumps(["charge", "t1", clock.now() - 1, 0])

    assert ports.queues.relay(body) is None

    assert receive(ports, "charge") == ["t1"]


def test_consumer_of_raw_messages_gets_the_body_that_was_sent(ports: AwsPorts) -> None:
    assert ports.queues.relay("t1") == "t1"


def test_more_messages_than_a_batch_are_sent_and_received(ports: AwsPorts) -> None:
    sent = [f"t{number}" for number in range(25)]
    ports.queues.send([Message(queue="charge", body=body) for body in sent])

    assert sorted(receive(ports, "charge", count=100)) == sorted(sent)


def test_large_messages_are_sent_in_batches_that_sqs_takes(ports: AwsPorts) -> None:
    sent = [str(number) * 200_000 for number in range(3)]
    ports.queues.send([Message(queue="charge", body=body) for body in sent])

    assert sorted(receive(ports, "charge")) == sent


def test_queue_that_was_deleted_is_made_again(ports: AwsPorts, admin: Clients) -> None:
    ports.queues.send([Message(queue="charge", body="t1")])
    queue = sqs_name(SETTINGS.queue_prefix, "charge")
    url = admin.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    admin.sqs.delete_queue(QueueUrl=url)

    ports.queues.send([Message(queue="charge", body="t2")])

    assert receive(ports, "charge") == ["t2"]


def test_queues_with_long_names_are_listed(ports: AwsPorts) -> None:
    name = "eu:" + "charge-" * 20
    ports.queues.send([Message(queue=name, body="t1")])

    assert ports.queues.sizes().keys() == {name}


def test_asking_for_the_size_of_a_queue_does_not_make_it(ports: AwsPorts) -> None:
    assert ports.queues.sizes(["charge"])["charge"].size == 0

    assert ports.queues.sizes() == {}


def test_a_key_of_the_account_encrypts_queues_made_on_demand(clock: ManualClock) -> None:
    settings = replace(SETTINGS, customer_key=KEY)
    with mock_aws(), environment(None), closing(open_ports(settings, clock)) as ports:
        ports.queues.send([Message(queue="charge", body="t1")])

        url = ports.clients.sqs.get_queue_url(QueueName=sqs_name(SETTINGS.queue_prefix, "charge"))
        attributes = ports.clients.sqs.get_queue_attributes(
            QueueUrl=url["QueueUrl"], AttributeNames=["KmsMasterKeyId"]
        )["Attributes"]

    assert attributes["KmsMasterKeyId"] == KEY
