"""Event handlers as their authors see them, and what is remembered of events."""

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from dalsegno.models import (
    EventExecution,
    EventHandler,
    EventMessage,
    HandledEvent,
    JsonObject,
    Tag,
)
from dalsegno_state.engine.tags import Tags
from dalsegno_state.event_handler_rules import check_handler
from dalsegno_state.ports import DocumentStore
from dalsegno_state.scripts import Scripts

HANDLER_KIND: Final = "event-handler"
MESSAGE_KIND: Final = "event-message"
MOST_LISTED: Final = 1000
"""How many executions or messages are told of at once."""

_MOST_AT_ONCE: Final = 100


def execution_kind(handler: str) -> str:
    """Return the kind under which the executions of a handler are kept."""
    return f"event-execution/{handler}"


class EventHandlers:
    """Keeps event handlers; each counts from the next event on."""

    def __init__(self, documents: DocumentStore, tags: Tags, scripts: Scripts) -> None:
        self._documents = documents
        self._tags = tags
        self._scripts = scripts

    def create(self, handlers: Sequence[EventHandler]) -> None:
        """Keep new handlers.

        Raises:
            InvalidRequestError: One of them breaks a rule; none is kept then.
            ConflictError: There is one of that name; those before it are kept.
        """
        if len(handlers) > _MOST_AT_ONCE:
            raise InvalidRequestError(f"{_MOST_AT_ONCE} event handlers are the most at once")
        for handler in handlers:
            check_handler(handler, self._scripts)
        for handler in handlers:
            if not self._documents.create(HANDLER_KIND, handler.name, _body(handler)):
                raise ConflictError(f"EventHandler with name {handler.name} already exists!")
            if handler.tags:
                self._tags.put(HANDLER_KIND, handler.name, handler.tags)

    def update(self, handler: EventHandler) -> None:
        """Replace a handler.

        Raises:
            InvalidRequestError: It breaks a rule.
            NotFoundError: There is none of that name.
        """
        check_handler(handler, self._scripts)
        while (found := self._documents.get(HANDLER_KIND, handler.name)) is not None:
            if self._documents.replace(found, _body(handler)):
                return
        raise _not_found(handler.name)

    def delete(self, name: str) -> None:
        """Forget a handler; what it has begun and not finished is left as it is.

        Raises:
            NotFoundError: There is none of that name.
        """
        self._tags.forget(HANDLER_KIND, name)
        if not self._documents.delete(HANDLER_KIND, name):
            raise _not_found(name)

    def get(self, name: str) -> EventHandler:
        """Return a handler; raises NotFoundError."""
        found = self._documents.get(HANDLER_KIND, name)
        if found is None:
            raise _not_found(name)
        return EventHandler.model_validate(found.body)

    def all(self) -> list[EventHandler]:
        """Return all handlers, ordered by name."""
        found = self._documents.documents(HANDLER_KIND)
        return [EventHandler.model_validate(document.body) for document in found]

    def of_event(self, event: str, *, active_only: bool) -> list[EventHandler]:
        """Return the handlers of an event."""
        return [
            handler
            for handler in self.all()
            if handler.event == event and (handler.active or not active_only)
        ]

    def tags(self, name: str) -> list[Tag]:
        """Return the tags of a handler; raises NotFoundError if there is none."""
        self.get(name)
        return self._tags.of(HANDLER_KIND, name)

    def put_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Replace the tags of a handler; raises NotFoundError and InvalidRequestError."""
        self.get(name)
        self._tags.put(HANDLER_KIND, name, tags)

    def delete_tags(self, name: str, tags: Sequence[Tag]) -> None:
        """Delete tags of a handler; raises NotFoundError if there is no such handler."""
        self.get(name)
        self._tags.delete(HANDLER_KIND, name, tags)

    def executions(self, name: str) -> list[EventExecution]:
        """Return what is remembered of a handler, the latest first."""
        found = self._documents.documents(execution_kind(name), limit=MOST_LISTED)
        executions = [EventExecution.model_validate(document.body) for document in found]
        return sorted(executions, key=lambda each: each.created, reverse=True)

    def handled(self) -> list[HandledEvent]:
        """Return for each handler how many messages of its are remembered."""
        return [
            HandledEvent(
                name=handler.name,
                event=handler.event,
                active=handler.active,
                number_of_actions=len(handler.actions),
                number_of_messages=len({each.message_id for each in self.executions(handler.name)}),
            )
            for handler in self.all()
        ]

    def unmatched(self) -> list[HandledEvent]:
        """Return for each event without a handler how many messages of its are remembered."""
        messages = sorted(self._messages(), key=lambda message: message.event_target)
        return [
            HandledEvent(
                event=event,
                active=False,
                number_of_actions=0,
                number_of_messages=sum(1 for _ in group),
            )
            for event, group in groupby(messages, key=lambda message: message.event_target)
        ]

    def messages(self, event: str) -> list[EventMessage]:
        """Return the messages of an event that no handler was there for, the latest first."""
        found = [message for message in self._messages() if message.event_target == event]
        return sorted(found, key=lambda message: message.created_at, reverse=True)

    def _messages(self) -> list[EventMessage]:
        found = self._documents.documents(MESSAGE_KIND, limit=MOST_LISTED)
        return [EventMessage.model_validate(document.body) for document in found]


def _body(handler: EventHandler) -> JsonObject:
    """Return what is kept of a handler; its tags are kept apart."""
    return handler.model_copy(update={"tags": None}).to_wire()


def _not_found(name: str) -> NotFoundError:
    return NotFoundError(f"EventHandler with name {name} not found!")
