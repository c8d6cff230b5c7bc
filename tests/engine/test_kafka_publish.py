"""KAFKA_PUBLISH: publish a record to Kafka, here on librdkafka's own broker for tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from dalsegno.models import PollData
from dalsegno_state.engine import Engine
from dalsegno_state.kafka import KafkaProducer, bootstrap_addresses
from dalsegno_state.outbound_addresses import Reach
from dalsegno_state.ports import ServiceCallError, Services
from dalsegno_state.sandbox import SandboxedScripts
from tests.engine.world import Definition, World, done, system, task_of, trace

LAPTOP = Reach(private=True, loopback=True)

kafka = pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """Run a broker for as long as its owner lives; return its address."""
    owner = kafka.Producer({"bootstrap.servers": "", "test.mock.num.brokers": 1, "log_level": 0})
    (metadata,) = owner.list_topics(timeout=10).brokers.values()
    yield f"{metadata.host}:{metadata.port}"
    del owner


@pytest.fixture
def with_kafka(world: World, scripts: SandboxedScripts) -> World:
    services = Services(
        events=world.services, functions=world.services, kafka=KafkaProducer(LAPTOP)
    )
    world.engine = Engine(world.ports, scripts, world.http, services=services)
    return world


def a_record(servers: str, **request: Any) -> Definition:
    return system(
        "KAFKA_PUBLISH",
        "k",
        {
            "kafka_request": {
                "bootStrapServers": servers,
                "topic": "orders",
                "value": {"n": 1},
                "requestTimeoutMs": 5_000,
                "maxBlockMs": 5_000,
                **request,
            }
        },
    )


def received(broker: str, topic: str) -> Any:
    """Return the first record of a topic."""
    consumer = kafka.Consumer(
        {"bootstrap.servers": broker, "group.id": topic, "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    try:
        record = consumer.poll(20)
        assert record is not None, f"nothing has come to {topic}"
        return record
    finally:
        consumer.close()


def test_record_reaches_the_broker(with_kafka: World, broker: str) -> None:
    with_kafka.ports.secrets.put_secret("TOKEN", "s3cret")
    headers = {"trace": "t-1", "token": "${workflow.secrets.TOKEN}"}

    workflow = with_kafka.run(a_record(broker, topic="paid", key="A-1", headers=headers))

    assert (workflow.status, workflow.tasks[0].output_data) == ("COMPLETED", {"topic": "paid"})
    record = received(broker, "paid")
    assert (record.key(), record.value()) == (b"A-1", b'{"n":1}')
    assert dict(record.headers()) == {"trace": b"t-1", "token": b"s3cret"}
    assert "s3cret" not in workflow.to_wire_json().decode()


def test_key_is_written_as_its_serializer_says(with_kafka: World, broker: str) -> None:
    serializer = "org.apache.kafka.common.serialization.LongSerializer"

    with_kafka.run(a_record(broker, topic="longs", key=258, keySerializer=serializer))

    assert received(broker, "longs").key() == b"\0\0\0\0\0\0\x01\x02"


def test_async_record_is_completed_from_outside(with_kafka: World, broker: str) -> None:
    with_kafka.register({**a_record(broker), "asyncComplete": True})
    w = with_kafka.start()
    assert with_kafka.trace(w) == ["KAFKA_PUBLISH:k:IN_PROGRESS"]

    with_kafka.tell(w, "k", done(seen=True))

    assert with_kafka.workflow(w).status == "COMPLETED"


def test_record_without_a_broker_is_a_failure_that_may_be_retried(with_kafka: World) -> None:
    timeouts = {"requestTimeoutMs": 100, "maxBlockMs": 100}

    workflow = with_kafka.run(a_record("127.0.0.1:1", **timeouts))

    assert trace(workflow) == ["KAFKA_PUBLISH:k:FAILED"]
    reason = str(workflow.tasks[0].reason_for_incompletion)
    assert reason.startswith("Failed to publish to Kafka: ")


@pytest.mark.parametrize(
    "servers",
    [
        "169.254.169.254:80",
        "127.0.0.1:1,169.254.169.254:80",
        ["127.0.0.1:1", "[fd00:ec2::254]:80"],
        "PLAINTEXT://100.100.100.200:80",
        "0.0.0.0:9092",
        "[::ffff:169.254.169.254]:80",
        "127.0.0.1:bad",
    ],
)
def test_bootstrap_servers_are_judged_as_hosts_of_http_calls_are(
    with_kafka: World, servers: Any
) -> None:
    workflow = with_kafka.run(a_record("x", bootStrapServers=servers))

    assert trace(workflow) == ["KAFKA_PUBLISH:k:FAILED"]
    reason = str(workflow.tasks[0].reason_for_incompletion)
    assert reason.startswith("Failed to publish to Kafka: bootStrapServers: ")


def test_bootstrap_servers_are_connected_to_by_the_addresses_that_were_judged() -> None:
    assert bootstrap_addresses("127.0.0.1:7, plaintext://127.0.0.2 ,[::1]:8", LAPTOP) == (
        "127.0.0.1:7,127.0.0.2:9092,[::1]:8"
    )
    with pytest.raises(ServiceCallError, match="this machine"):
        bootstrap_addresses("127.0.0.1:7", Reach(private=True))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"topic": None}, "kafka_request.topic is missing"),
        ({"bootStrapServers": ""}, "kafka_request.bootStrapServers is missing"),
        ({"key": 1, "keySerializer": "x.Y"}, "kafka_request.keySerializer: x.Y is none of"),
        ({"key": "a", "keySerializer": "LongSerializer"}, "does not fit LongSerializer"),
    ],
)
def test_impossible_record_fails_for_good(
    with_kafka: World, request_: dict[str, Any], reason: str
) -> None:
    workflow = with_kafka.run(a_record("127.0.0.1:1", **request_))

    assert trace(workflow) == ["KAFKA_PUBLISH:k:FAILED_WITH_TERMINAL_ERROR"]
    assert reason in str(workflow.tasks[0].reason_for_incompletion)


# -- without a client -------------------------------------------------------------------------


def test_without_a_client_and_without_workers_it_says_what_is_missing(world: World) -> None:
    workflow = world.run(a_record("127.0.0.1:1"))

    assert trace(workflow) == ["KAFKA_PUBLISH:k:FAILED_WITH_TERMINAL_ERROR"]
    assert "dalsegno[kafka]" in str(workflow.tasks[0].reason_for_incompletion)


def test_without_a_client_it_is_left_to_a_worker_that_polls_the_type(world: World) -> None:
    now = world.clock.now()
    world.ports.polls.record(
        PollData(queue_name="KAFKA_PUBLISH", worker_id="w1", last_poll_time=now)
    )
    world.register(a_record("127.0.0.1:1"))
    w = world.start()
    assert world.trace(w) == ["KAFKA_PUBLISH:k:SCHEDULED"]

    task = world.take("KAFKA_PUBLISH")
    world.advance(200)
    world.report(task, done(offset=3))

    workflow = world.workflow(w)
    assert (workflow.status, task_of(workflow, "k").output_data) == ("COMPLETED", {"offset": 3})
    assert task.poll_count == 1
