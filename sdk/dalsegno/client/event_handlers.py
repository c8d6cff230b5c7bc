"""Event handlers: what events cause."""

from typing import ClassVar

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.tags import TagCalls
from dalsegno.models import EventExecution, EventHandler


class EventHandlerCalls(TagCalls):
    """Registers and reads event handlers."""

    _thing: ClassVar[str] = "/event/{}"

    @operation
    def create(self, *handlers: EventHandler) -> Call[None]:
        """Keep new handlers. Raises ConflictError if there is one of that name."""
        return Call("POST", "/event", reads_nothing, body=sends(list(handlers)))

    @operation
    def update(self, handler: EventHandler) -> Call[None]:
        """Keep a handler in place of the one of its name. Raises NotFoundError."""
        return Call("PUT", "/event", reads_nothing, body=sends(handler), repeatable=True)

    @operation
    def get(self, name: str) -> Call[EventHandler]:
        """Return a handler. Raises NotFoundError."""
        where = path("/event/handler/{}", name)
        return Call("GET", where, reads(EventHandler), repeatable=True)

    @operation
    def all(self) -> Call[list[EventHandler]]:
        """Return all handlers."""
        return Call("GET", "/event", reads(list[EventHandler]), repeatable=True)

    @operation
    def of_event(self, event: str, *, active_only: bool = True) -> Call[list[EventHandler]]:
        """Return the handlers of an event; those that are switched off, too, if asked."""
        return Call(
            "GET",
            path("/event/{}", event),
            reads(list[EventHandler]),
            query={"activeOnly": active_only},
            repeatable=True,
        )

    @operation
    def delete(self, name: str) -> Call[None]:
        """Forget a handler. Raises NotFoundError."""
        return Call("DELETE", path("/event/{}", name), reads_nothing)

    @operation
    def executions(self, name: str) -> Call[list[EventExecution]]:
        """Return what a handler has done, as far as it is remembered, the latest first."""
        where = path("/event/execution/{}", name)
        return Call("GET", where, reads(list[EventExecution]), repeatable=True)


class EventHandlers(Group, EventHandlerCalls):
    """See ``EventHandlerCalls``."""


class AsyncEventHandlers(AsyncGroup, EventHandlerCalls):
    """See ``EventHandlerCalls``; awaited."""
