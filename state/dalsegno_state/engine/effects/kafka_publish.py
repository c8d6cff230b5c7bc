"""KAFKA_PUBLISH: a record is sent to Kafka, here or by a worker."""

from collections.abc import Mapping
from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonObject, JsonValue
from dalsegno_state.engine.effects.work import WORKER_ID, Effect, HandOver, Work
from dalsegno_state.events import Reported
from dalsegno_state.expressions import java_text
from dalsegno_state.ports import KafkaRecord, Ports, RecordProducer, ServiceCallError

_RECENT_MS: Final = 5 * 60_000
_LEASE_OF_WORKERS_MS: Final = 86_400_000
_MARGIN_MS: Final = 10_000
_DEFAULT_REQUEST_TIMEOUT_MS: Final = 30_000
_DEFAULT_BLOCK_MS: Final = 60_000
_LONGEST_TIMEOUT_MS: Final = 10 * 60_000
_REQUIRED: Final = ("bootStrapServers", "topic", "value")
_INTEGER_BYTES: Final = {"IntegerSerializer": 4, "LongSerializer": 8}


class SendRecord(Effect):
    """Sends a record; without a client for Kafka, leaves it to workers that poll the type.

    Args:
        producer: None if there is no client.
    """

    def __init__(self, ports: Ports, producer: RecordProducer | None) -> None:
        self._ports = ports
        self._producer = producer

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``."""
        if work.task.worker_id != WORKER_ID:
            return _LEASE_OF_WORKERS_MS
        return _timeout_ms(_given(work.inputs)) + _MARGIN_MS

    def perform(self, work: Work) -> Reported | HandOver:
        """See ``Effect.perform``."""
        if self._producer is None:
            return self._without_client(work)
        request = work.secrets.reveal(_given(work.inputs))
        try:
            self._producer.produce(_record(request if isinstance(request, dict) else {}))
        except (ValueError, ServiceCallError) as error:
            final = isinstance(error, ValueError)
            return work.failed(f"Failed to publish to Kafka: {error}", final=final)
        return work.effected({"topic": _given(work.inputs).get("topic")})

    def _without_client(self, work: Work) -> Reported | HandOver:
        since = self._ports.clock.now() - _RECENT_MS
        polls = self._ports.polls.polls(work.task.task_type)
        if any(poll.last_poll_time >= since for poll in polls):
            return HandOver(work.task.task_type)
        return work.failed(
            "KAFKA_PUBLISH needs dalsegno[kafka] to be installed, or a worker that polls it",
            final=True,
        )


def _given(inputs: JsonObject) -> JsonObject:
    request = inputs.get("kafka_request")
    return request if isinstance(request, dict) else {}


def _record(request: JsonObject) -> KafkaRecord:
    """Return the record that is asked for; raises ValueError if it makes no sense."""
    for field in _REQUIRED:
        if request.get(field) in (None, ""):
            raise ValueError(f"kafka_request.{field} is missing")
    headers = request.get("headers")
    shown = headers if isinstance(headers, Mapping) else {}
    servers = request["bootStrapServers"]
    return KafkaRecord(
        bootstrap_servers=",".join(map(str, servers))
        if isinstance(servers, list)
        else str(servers),
        topic=str(request["topic"]),
        value=to_json(request["value"]),
        key=_key(request.get("key"), str(request.get("keySerializer") or "")),
        headers={str(name): str(value).encode() for name, value in shown.items()},
        timeout_ms=_timeout_ms(request),
    )


def _key(key: JsonValue, serializer: str) -> bytes | None:
    """Return a key as the serializer of that class name writes it."""
    if key is None:
        return None
    name = serializer.rpartition(".")[2] or "StringSerializer"
    if name == "StringSerializer":
        return java_text(key).encode()
    if name not in _INTEGER_BYTES:
        known = ", ".join(("StringSerializer", *_INTEGER_BYTES))
        raise ValueError(f"kafka_request.keySerializer: {serializer} is none of {known}")
    try:
        return int(str(key)).to_bytes(_INTEGER_BYTES[name], "big", signed=True)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"kafka_request.key: {key} does not fit {serializer}") from error


def _timeout_ms(request: JsonObject) -> int:
    """Return how long a record may take: to find a broker, and to be acknowledged."""
    total = sum(
        value if isinstance(value, int) and value > 0 else default
        for value, default in (
            (request.get("requestTimeoutMs"), _DEFAULT_REQUEST_TIMEOUT_MS),
            (request.get("maxBlockMs"), _DEFAULT_BLOCK_MS),
        )
    )
    return min(total, _LONGEST_TIMEOUT_MS)
