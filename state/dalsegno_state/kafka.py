"""Records to Kafka, with librdkafka; needs the extra ``dalsegno[kafka]``."""

import time
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from dalsegno_state.outbound_addresses import Reach, ResolveError, allowed, resolve
from dalsegno_state.ports import KafkaRecord, ServiceCallError

if TYPE_CHECKING:
    from confluent_kafka import Producer

_POLL_SECONDS: Final = 0.05
_MOST_PRODUCERS: Final = 16
_DEFAULT_PORT: Final = 9092
_RESOLVE_SECONDS: Final = 10.0


class KafkaProducer:
    """See ``RecordProducer``; keeps its connections to brokers from one record to the next.

    Bootstrap servers are judged as the hosts of HTTP calls are, and connected to by the address
    that was judged. The brokers that they name in turn are not: librdkafka shows no way to.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._producers: dict[tuple[str, int], Producer] = {}
        self._lock = Lock()

    def produce(self, record: KafkaRecord) -> None:
        """See ``RecordProducer.produce``."""
        from confluent_kafka import KafkaException

        outcomes: list[str | None] = []
        servers = bootstrap_addresses(record.bootstrap_servers, self._reach)
        try:
            producer = self._producer(servers, record.timeout_ms)
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


def bootstrap_addresses(servers: str, reach: Reach) -> str:
    """Return servers (``host:port,...``) by their addresses, those that may be connected to.

    Raises:
        ServiceCallError: One of them must not be connected to, or is not known.
    """
    named = (server.strip() for server in servers.split(","))
    return ",".join(address for server in named if server for address in _addresses(server, reach))


def _addresses(server: str, reach: Reach) -> list[str]:
    try:
        parts = urlsplit(server if "://" in server else f"//{server}")
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
        found = allowed(host, resolve(host, port, _RESOLVE_SECONDS), reach)
    except (ValueError, ResolveError) as error:
        raise ServiceCallError(f"bootStrapServers: {server}: {error}") from error
    return [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address in found]
