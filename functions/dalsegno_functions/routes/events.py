"""Event handlers, and events for them: ``/api/event``."""

from typing import Annotated, Final, cast
from uuid import uuid4

from pydantic import BeforeValidator, Field

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    EventExecution,
    EventHandler,
    EventMessage,
    HandledEvent,
    JsonObject,
    JsonValue,
    SearchResult,
    Tag,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import FLAG, defaulted, without_effect
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.incoming_event import IncomingEvent, payload_of

routes: Routes[Engine] = Routes("Events", "/api/event")

_LONGEST: Final = 256


def _listed(value: object) -> object:
    """Return a list of handlers: some clients send one, some send several."""
    return value if isinstance(value, list) else [value]


_Handlers = Annotated[list[EventHandler], BeforeValidator(_listed), Field(min_length=1)]

HANDLERS: Body[list[EventHandler]] = Body(_Handlers)
HANDLER = Body(EventHandler)
EVENT: Body[JsonObject] = Body(
    cast("type[JsonObject]", JsonObject),
    example={
        "event": "payments",
        "id": "payment-42",
        "payload": {"orderId": "A-1", "amount": 12},
    },
)
TAGS = Body(list[Tag])

FROM = without_effect("from", "the last 1,000 are told.")
ACTIVE_ONLY = defaulted("activeOnly", FLAG, True, "No handlers that are switched off.")


@routes.post("", "Create event handlers: one, or a list", body=HANDLERS)
def create(request: Request, engine: Engine) -> Response:
    """Keep new handlers."""
    engine.event_handlers.create(HANDLERS.of(request))
    return empty()


@routes.put("", "Replace an event handler", body=HANDLER)
def update(request: Request, engine: Engine) -> Response:
    """Keep a handler in place of the one of its name."""
    engine.event_handlers.update(HANDLER.of(request))
    return empty()


@routes.delete("/{name}", "Delete an event handler")
def delete(request: Request, engine: Engine) -> Response:
    """Forget a handler."""
    engine.event_handlers.delete(request.path["name"])
    return empty()


@routes.get("/handler", "List event handlers", returns=list[EventHandler])
@routes.get("", "List event handlers", returns=list[EventHandler])
def handlers(_request: Request, engine: Engine) -> Response:
    """Answer with all handlers."""
    return json(engine.event_handlers.all())


@routes.get("/handler/{name}", "Get an event handler", returns=EventHandler)
def handler(request: Request, engine: Engine) -> Response:
    """Answer with one handler."""
    return json(engine.event_handlers.get(request.path["name"]))


@routes.get(
    "/{event}",
    "List the handlers of an event",
    parameters=(ACTIVE_ONLY,),
    returns=list[EventHandler],
)
def of_event(request: Request, engine: Engine) -> Response:
    """Answer with the handlers that name this event."""
    active_only = ACTIVE_ONLY.of(request)
    return json(engine.event_handlers.of_event(request.path["event"], active_only=active_only))


@routes.post(
    "/handleIncomingEvent",
    "Take an event in: `event`, and either `payload` with an `id`, or its fields beside it",
    body=EVENT,
    returns=str,
)
def take_in(request: Request, engine: Engine) -> Response:
    """Keep an event for its handlers and answer with its id; with the same id it counts once."""
    event = _incoming(EVENT.of(request))
    engine.event_intake.publish(event)
    return text(event.id)


@routes.get(
    "/execution",
    "List event handlers, with how many messages are remembered of each",
    returns=SearchResult[HandledEvent],
)
def handled(_request: Request, engine: Engine) -> Response:
    """Answer with one entry for each handler."""
    found = engine.event_handlers.handled()
    return json(SearchResult(total_hits=len(found), results=found))


@routes.get(
    "/execution/{eventHandlerName}",
    "List what an event handler has done",
    parameters=(FROM,),
    returns=list[EventExecution],
)
def executions(request: Request, engine: Engine) -> Response:
    """Answer with what is remembered of a handler, the latest first."""
    return json(engine.event_handlers.executions(request.path["eventHandlerName"]))


@routes.get(
    "/message",
    "List events that no handler was there for, with how many messages are remembered of each",
    parameters=(FROM,),
    returns=SearchResult[HandledEvent],
)
def unmatched(_request: Request, engine: Engine) -> Response:
    """Answer with one entry for each event."""
    found = engine.event_handlers.unmatched()
    return json(SearchResult(total_hits=len(found), results=found))


@routes.get(
    "/message/{event}",
    "List the messages of an event that no handler was there for",
    parameters=(FROM,),
    returns=list[EventMessage],
)
def messages(request: Request, engine: Engine) -> Response:
    """Answer with the messages, the latest first."""
    return json(engine.event_handlers.messages(request.path["event"]))


@routes.get("/{name}/tags", "Get the tags of an event handler", returns=list[Tag])
def tags(request: Request, engine: Engine) -> Response:
    """Answer with the tags."""
    return json(engine.event_handlers.tags(request.path["name"]))


@routes.put("/{name}/tags", "Replace the tags of an event handler", body=TAGS)
def put_tags(request: Request, engine: Engine) -> Response:
    """Store tags in place of all there were."""
    engine.event_handlers.put_tags(request.path["name"], TAGS.of(request))
    return empty()


@routes.delete("/{name}/tags", "Delete tags of an event handler", body=TAGS)
def delete_tags(request: Request, engine: Engine) -> Response:
    """Delete the tags of these keys."""
    engine.event_handlers.delete_tags(request.path["name"], TAGS.of(request))
    return empty()


def _incoming(body: JsonObject) -> IncomingEvent:
    event = _short_text("event", body.get("event"))
    if "payload" not in body:
        payload = {key: value for key, value in body.items() if key != "event"}
        return IncomingEvent(event=event, id=str(uuid4()), payload=payload)
    given = body.get("id")
    message_id = str(uuid4()) if given is None else _short_text("id", given)
    return IncomingEvent(event=event, id=message_id, payload=payload_of(body["payload"]))


def _short_text(field: str, value: JsonValue) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise InvalidRequestError(f"{field}: must be a text of 1 to {_LONGEST} characters")
    return value
