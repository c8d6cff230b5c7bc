"""The world outside the engine: services that answer as mocked."""

import json
from dataclasses import dataclass, field
from typing import Any

from dalsegno.models import JsonObject
from dalsegno.testing.mocks import Responds
from dalsegno_state.ports import (
    HttpCallError,
    HttpClient,
    HttpReply,
    KafkaRecord,
    OutgoingEvent,
    Services,
)


@dataclass(frozen=True)
class SentEvent:
    """An event that the workflow has sent.

    Attributes:
        sink: Where to: ``conductor:<workflow>:<name>``, ``sqs:<queue>``, ``kafka:<topic>``...
        id: The same each time the same event is sent.
    """

    sink: str
    id: str
    payload: Any


@dataclass
class Outside:
    """What system tasks reach.

    Attributes:
        network: Makes the calls for which there is no answer; None if none may be made.
        answer: What the call under way is answered with; None for no answer at all.
        is_mocked: Whether ``answer`` counts for the call under way.
        invoked: Tasks that functions were invoked with and that nobody has answered yet.
        events: What was sent, in this order; a repetition is here twice.
    """

    network: HttpClient | None = None
    answer: Responds | None = None
    is_mocked: bool = False
    invoked: list[JsonObject] = field(default_factory=list)
    events: list[SentEvent] = field(default_factory=list)

    @property
    def services(self) -> Services:
        """What the engine is given."""
        return Services(events=self, functions=self, kafka=self)

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
        """See ``HttpClient.request``."""
        if not self.is_mocked and self.network is not None:
            return self.network.request(
                method,
                url,
                headers=headers,
                body=body,
                connect_timeout_seconds=connect_timeout_seconds,
                read_timeout_seconds=read_timeout_seconds,
                exchange_timeout_seconds=exchange_timeout_seconds,
                confidential=confidential,
            )
        if self.answer is None:
            raise HttpCallError(f"no answer within {read_timeout_seconds:g} seconds")
        return _reply(self.answer)

    def publish(self, event: OutgoingEvent) -> None:
        """See ``EventPublisher.publish``."""
        self.events.append(SentEvent(f"{event.service}:{event.target}", event.id, event.body))

    def publish_internally(self, body: str) -> None:
        """Take a message of the queue of events."""
        event = json.loads(body)
        self.events.append(SentEvent(event["event"], event["id"], event["payload"]))

    def invoke(self, function: str, payload: bytes) -> None:
        """See ``FunctionInvoker.invoke``."""
        self.invoked.append(json.loads(payload))

    def produce(self, record: KafkaRecord) -> None:
        """See ``RecordProducer.produce``."""
        key = "" if record.key is None else record.key.decode(errors="replace")
        payload = record.value.decode(errors="replace")
        self.events.append(SentEvent(f"kafka:{record.topic}", key, payload))


def _reply(answer: Responds) -> HttpReply:
    is_text = isinstance(answer.body, str)
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    kind = "text/plain" if is_text else "application/json"
    headers = {"Content-Type": kind, **answer.headers}
    return HttpReply(
        status_code=answer.status,
        reason_phrase="OK" if answer.status < 400 else "Error",
        headers={name: [value] for name, value in headers.items()},
        body=b"" if answer.body is None else text.encode(),
    )
