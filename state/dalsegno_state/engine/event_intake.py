"""Taking events in: each action of each handler is had once, however often the event comes."""

import hashlib
from contextlib import suppress
from typing import Final

from pydantic_core import to_json

from dalsegno.errors import ConductorError, PayloadTooLargeError, UnavailableError
from dalsegno.models import (
    Action,
    EventExecution,
    EventExecutionStatus,
    EventHandler,
    EventMessage,
    JsonObject,
)
from dalsegno_state.draft import size_bytes
from dalsegno_state.engine.event_actions import Deed, EventActions
from dalsegno_state.engine.event_handlers import MESSAGE_KIND, EventHandlers, execution_kind
from dalsegno_state.engine.payload_checks import check_depth
from dalsegno_state.ids import EVENTS_QUEUE
from dalsegno_state.incoming_event import IncomingEvent, expanded, payload_of
from dalsegno_state.ports import Document, Message, OutgoingEvent, Ports, Services
from dalsegno_state.scripts import ScriptError, Scripts, ScriptTimeoutError

MOST_BYTES: Final = 250 * 1024  # of a queue's 256 KB: something goes around it
"""How long an event may be."""

_KEPT_MS: Final = 30 * 86_400_000  # longer than any queue keeps a message
_LONGEST_NAME: Final = 128
_UNMET: Final = "unmet"
_NOTHING: Final[JsonObject] = {}


class UnmatchedEventError(ConductorError):
    """No active handler is there for an event; one may come to be before it is given up."""

    status = 404
    retryable = True


class EventIntake:
    """Hands events to their handlers.

    Before an action is begun it is stored, with all that could come out differently another time;
    after it, what became of it. A message that comes again has done only what is not finished.
    """

    def __init__(
        self,
        ports: Ports,
        handlers: EventHandlers,
        scripts: Scripts,
        actions: EventActions,
        services: Services,
    ) -> None:
        self._ports = ports
        self._handlers = handlers
        self._scripts = scripts
        self._actions = actions
        self._services = services

    def publish(self, event: IncomingEvent) -> None:
        """Put an event into the queue of events; raises PayloadTooLargeError."""
        check_depth(event.payload, "The event")
        if (size := size_bytes(event.payload)) > MOST_BYTES:
            raise PayloadTooLargeError(f"the event is {size} bytes long, at most {MOST_BYTES}")
        self._ports.queues.send([Message(queue=EVENTS_QUEUE, body=event.encode())])

    def take_own(self, event: IncomingEvent) -> None:
        """Take in an event of this engine's own queue.

        If there is a bus for events, it is told first, each time with the same id; nobody else need
        be there for the event then.

        Raises:
            ServiceCallError: The bus refuses the event.
            ConductorError: As ``take`` does.
        """
        bus = self._services.event_bus
        if bus is None:
            self.take(event)
            return
        self._services.events.publish(
            OutgoingEvent(
                id=event.id,
                id_name="id",
                service="eventbridge",
                target=bus,
                kind=event.event,
                group="",
                body={"event": event.event, "payload": event.payload},
            )
        )
        with suppress(UnmatchedEventError):
            self.take(event)

    def take(self, event: IncomingEvent) -> None:
        """Have all active handlers do what an event calls for; then it may be deleted.

        What can never be done is remembered as failed.

        Raises:
            UnmatchedEventError: There is no active handler. The event is remembered.
            ConductorError: Some of it cannot be done now; the rest is.
        """
        handlers = self._handlers.of_event(event.event, active_only=True)
        if not handlers and event.optional:
            return
        if not handlers:
            self._remember(event)
            raise UnmatchedEventError(f"No active event handler for {event.event} ({event.id})")
        put_off: ConductorError | None = None
        for handler in handlers:
            try:
                self._handle(handler, event)
            except ConductorError as error:
                put_off = error
        if put_off is not None:
            raise put_off

    def _handle(self, handler: EventHandler, event: IncomingEvent) -> None:
        found = self._ports.documents.get(execution_kind(handler.name), _name(event, 0))
        if found is None and not self._is_met(handler, event):
            return
        if found is None or _UNMET not in found.body:
            for index, action in enumerate(handler.actions):
                self._carry_out(handler, event, index, action)

    def _is_met(self, handler: EventHandler, event: IncomingEvent) -> bool:
        """Return whether an event meets a handler's condition; that it does not is stored."""
        if not handler.condition:
            return True
        status, output = EventExecutionStatus.SKIPPED, _NOTHING
        try:
            seen = payload_of(expanded(event.payload))
            value = self._scripts.javascript(handler.condition, seen)
        except ScriptTimeoutError as error:
            raise UnavailableError(f"condition of event handler {handler.name}: {error}") from error
        except ScriptError as error:
            status, output = EventExecutionStatus.FAILED, {"error": f"condition: {error}"}
        else:
            if value or value in ([], {}):  # which are true to JavaScript
                return True
        execution = self._execution(handler, event, 0, status, output)
        self._create(handler, event, 0, {**execution, _UNMET: True})
        return False

    def _carry_out(
        self, handler: EventHandler, event: IncomingEvent, index: int, action: Action
    ) -> None:
        kind, name = execution_kind(handler.name), _name(event, index)
        document = self._ports.documents.get(kind, name)
        if document is None:
            self._create(handler, event, index, self._begun(handler, event, index, action))
            document = self._ports.documents.get(kind, name)
        if document is None or document.body["status"] != EventExecutionStatus.IN_PROGRESS:
            return
        status = EventExecutionStatus.COMPLETED
        try:
            output = self._actions.do(_deed(document, event))
        except ConductorError as error:
            if error.retryable:
                raise
            status, output = EventExecutionStatus.FAILED, {"error": str(error)}
        finished: JsonObject = {**document.body, "status": status.value, "output": output}
        self._ports.documents.replace(document, finished, expires_at=self._expiry())

    def _begun(
        self, handler: EventHandler, event: IncomingEvent, index: int, action: Action
    ) -> JsonObject:
        """Return what is stored before an action is done: all that it depends on."""
        status, output, task_id = EventExecutionStatus.IN_PROGRESS, _NOTHING, None
        try:
            task_id = self._actions.target(action, event)
        except ConductorError as error:
            if error.retryable:
                raise
            status, output = EventExecutionStatus.FAILED, {"error": str(error)}
        execution = self._execution(handler, event, index, status, output)
        return {**execution, "details": action.to_wire(), "taskId": task_id}

    def _execution(
        self,
        handler: EventHandler,
        event: IncomingEvent,
        index: int,
        status: EventExecutionStatus,
        output: JsonObject,
    ) -> JsonObject:
        return EventExecution(
            id=f"{event.id}_{handler.name}_{index}",
            message_id=event.id,
            name=handler.name,
            event=event.event,
            created=self._ports.clock.now(),
            status=status,
            action=handler.actions[index].action,
            output=output,
        ).to_wire()

    def _create(
        self, handler: EventHandler, event: IncomingEvent, index: int, execution: JsonObject
    ) -> None:
        self._ports.documents.create(
            execution_kind(handler.name),
            _name(event, index),
            execution,
            expires_at=self._expiry(),
        )

    def _remember(self, event: IncomingEvent) -> None:
        message = EventMessage(
            id=event.id,
            event_target=event.event,
            created_at=self._ports.clock.now(),
            full_payload=event.payload,
        )
        self._ports.documents.create(
            MESSAGE_KIND, _short(event.id), message.to_wire(), expires_at=self._expiry()
        )

    def _expiry(self) -> int:
        return self._ports.clock.now() + _KEPT_MS


def _name(event: IncomingEvent, index: int) -> str:
    return f"{_short(event.id)}_{index}"


def _short(message_id: str) -> str:
    if len(message_id) <= _LONGEST_NAME:
        return message_id
    return hashlib.sha256(message_id.encode()).hexdigest()


def _deed(document: Document, event: IncomingEvent) -> Deed:
    execution = EventExecution.model_validate(document.body)
    task_id = document.body.get("taskId")
    return Deed(
        identity=to_json([document.kind, document.name]).decode(),
        created=execution.created,
        action=Action.model_validate(document.body["details"]),
        event=event,
        task_id=None if task_id is None else str(task_id),
    )
