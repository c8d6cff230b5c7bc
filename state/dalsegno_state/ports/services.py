"""The world outside that system tasks reach."""

from dataclasses import dataclass, field
from typing import Protocol

from dalsegno.models import (
    JsonObject,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """What a remote service answered.

    Attributes:
        body: Raw bytes, at most as many as the caller allowed.
    """

    status_code: int
    reason_phrase: str
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""


class HttpClient(Protocol):
    """Outbound HTTP for HTTP tasks; refuses addresses that tasks must not reach."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        exchange_timeout_seconds: float,
        confidential: frozenset[str],
    ) -> HttpReply:
        """Return the answer, its body without content codings, and after all redirects.

        Args:
            method: In capitals, as most are.
            url: Where to; what must not stand in a URL is percent-encoded.
            headers: Their names count without case. Those that frame a message are left out.
            body: None for none.
            connect_timeout_seconds: For each address of the host; 0 for no limit of its own.
            read_timeout_seconds: Between two pieces of the answer; 0 for no limit of its own.
            exchange_timeout_seconds: From looking up the name to the last byte of the answer.
            confidential: Names of headers, in lower case, and ``body``: what no redirect may
                take to another origin. Credentials by their well-known names need no mention.

        Raises:
            HttpCallError: There was no answer.
        """
        ...


class HttpCallError(Exception):
    """No answer came: refused, timed out, unreachable or not allowed."""


class ServiceCallError(Exception):
    """A service did not take what a task had for it.

    Attributes:
        is_final: It never will.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An event on its way out.

    Attributes:
        id: The same each time the event is published, so that a receiver can tell.
        id_name: What the id is called where it stands among the event's own fields.
        service: ``sqs``, ``sns`` or ``eventbridge``.
        target: Name or address of the queue, topic or bus.
        kind: What kind of event it is, where the service wants to know.
        group: Events of one group keep their order, where the service keeps any.
        body: At most 256 KB of JSON.
    """

    id: str
    service: str
    target: str
    kind: str
    group: str
    body: JsonObject
    id_name: str = "taskId"


class EventPublisher(Protocol):
    """Publishes the events of EVENT tasks outside."""

    def publish(self, event: OutgoingEvent) -> None:
        """Return once the service has the event.

        Raises:
            ServiceCallError: It refuses it.
            UnavailableError: It cannot be reached, or is busy.
        """
        ...


class FunctionInvoker(Protocol):
    """Has functions work on tasks, and does not wait for them."""

    def invoke(self, function: str, payload: bytes) -> None:
        """Return once the function is sure to be called; raises as ``EventPublisher`` does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaRecord:
    """A record for Kafka.

    Attributes:
        timeout_ms: By when it must be acknowledged.
    """

    bootstrap_servers: str
    topic: str
    value: bytes
    key: bytes | None
    headers: dict[str, bytes]
    timeout_ms: int


class RecordProducer(Protocol):
    """Sends records to Kafka."""

    def produce(self, record: KafkaRecord) -> None:
        """Return once a record is acknowledged; raises ``ServiceCallError`` if it was not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What system tasks reach beside HTTP; see ``engine/effects/absent.py`` for none of it.

    Attributes:
        kafka: None if no client for Kafka is installed.
        event_bus: Bus of EventBridge that is told all that event handlers are; None for none.
    """

    events: EventPublisher
    functions: FunctionInvoker
    kafka: RecordProducer | None = None
    event_bus: str | None = None
