"""Records to Kafka, with librdkafka; needs the extra ``dalsegno[kafka]``."""

import time
from threading import Lock
from typing import TYPE_CHECKING, Final

from dalsegno_state.ports import KafkaRecord, ServiceCallError

if TYPE_CHECKING:
    from confluent_kafka import Producer

_POLL_SECONDS: Final = 0.05
_MOST_PRODUCERS: Final = 16


class KafkaProducer:
    """See ``RecordProducer``; keeps its connections to brokers from one record to the next."""

    def __init__(self) -> None:
        self._producers: dict[tuple[str, int], Producer] = {}
        self._lock = Lock()

    def produce(self, record: KafkaRecord) -> None:
        """See ``RecordProducer.produce``."""
        from confluent_kafka import KafkaException

        outcomes: list[str | None] = []
        try:
            producer = self._producer(record.bootstrap_servers, record.timeout_ms)
            producer.produce(
                record.topic,
                record.value,
                record.key,
                headers=dict(record.headers),
                on_delivery=lambda error, _: outcomes.append(str(error) if error else None),
            )
        except (BufferError, KafkaException) as error:
            raise ServiceCallError(str(error)) from error
        deadline = time.monotonic() + record.timeout_ms / 1000 + 1
        while not outcomes and time.monotonic() < deadline:
            producer.poll(_POLL_SECONDS)
        if not outcomes:
            raise ServiceCallError(f"no broker has answered within {record.timeout_ms} ms")
        if outcomes[0]:
            raise ServiceCallError(outcomes[0])

    def _producer(self, servers: str, timeout_ms: int) -> "Producer":
        from confluent_kafka import Producer

        with self._lock:
            producer = self._producers.get((servers, timeout_ms))
            if producer is None:
                if len(self._producers) >= _MOST_PRODUCERS:
                    self._producers.clear()
                producer = Producer(
                    {
                        "bootstrap.servers": servers,
                        "message.timeout.ms": timeout_ms,
                        "enable.idempotence": True,
                        "log_level": 0,
                    }
                )
                self._producers[servers, timeout_ms] = producer
            return producer
