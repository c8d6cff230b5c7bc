"""Events for event handlers."""

from uuid import uuid4

from dalsegno.client.call import Call, path, reads, reads_text, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.payload import Payload, json_object
from dalsegno.models import EventMessage, HandledEvent, SearchResult


class EventCalls:
    """Publishes events, and tells what became of them."""

    @operation
    def publish(self, event: str, payload: Payload, *, id: str | None = None) -> Call[str]:
        """Publish an event; return its id, a new one unless given.

        With the same id it counts once, so one whose answer got lost is published again.
        """
        body = sends(
            {
                "event": event,
                "id": id or str(uuid4()),
                "payload": json_object("payload", payload),
            }
        )
        where = "/event/handleIncomingEvent"
        return Call("POST", where, reads_text, body=body, repeatable=True)

    @operation
    def handled(self) -> Call[SearchResult[HandledEvent]]:
        """Return the event handlers, and how many messages are remembered of each."""
        kind = SearchResult[HandledEvent]
        return Call("GET", "/event/execution", reads(kind), repeatable=True)

    @operation
    def unhandled(self) -> Call[SearchResult[HandledEvent]]:
        """Return the events that no handler was there for, with how many messages of each."""
        return Call("GET", "/event/message", reads(SearchResult[HandledEvent]), repeatable=True)

    @operation
    def messages(self, event: str) -> Call[list[EventMessage]]:
        """Return the messages of an event that no handler was there for, the latest first."""
        where = path("/event/message/{}", event)
        return Call("GET", where, reads(list[EventMessage]), repeatable=True)

    @operation
    def queues(self) -> Call[dict[str, str]]:
        """Return in which queue each event waits that has an active handler."""
        return Call("GET", "/admin/queues", reads(dict[str, str]), repeatable=True)


class Events(Group, EventCalls):
    """See ``EventCalls``."""


class AsyncEvents(AsyncGroup, EventCalls):
    """See ``EventCalls``; awaited."""
