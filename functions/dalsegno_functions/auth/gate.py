"""The gate before the API: nobody gets past it but those whose role includes what they ask."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol
from urllib.parse import parse_qs, unquote

from pydantic import ValidationError
from pydantic_core import to_json

from dalsegno.errors import (
    ConductorError,
    ForbiddenError,
    InvalidRequestError,
    NotFoundError,
)
from dalsegno.models import TaskIds
from dalsegno_functions.auth.roles import (
    Allowed,
    Identity,
    OfBody,
    OfLocation,
    OfTask,
    OfType,
    Refused,
    Role,
    verdict,
)
from dalsegno_functions.auth.tokens import TokenError
from dalsegno_functions.http import errors
from dalsegno_functions.http.event import GatewayEvent, body_of
from dalsegno_functions.http.response import JSON, Response
from dalsegno_functions.http.router import Router
from dalsegno_state.engine import Engine


class Callers(Protocol):
    """Tells who sent a request."""

    def reception(self, event: GatewayEvent) -> Response | None:
        """Return the answer to a request that is how one proves who one is, None to any other."""
        ...

    def identities(self, event: GatewayEvent) -> Sequence[Identity]:
        """Return as what the caller may ask; at least one.

        Raises:
            TokenError: It does not prove who it is.
            ForbiddenError: It has no role; the message says who could give it one, and where.
        """
        ...


class _Named(TaskIds):
    """A body that names tasks, or one task; read just as the routes read them."""

    task_id: str = ""


class Gate:
    """Lets requests through to a router, if one of the caller's roles includes them."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers

    def answer(self, router: Router[Engine], event: GatewayEvent, engine: Engine) -> Response:
        """Return the answer to a request."""
        try:
            received = self._callers.reception(event)
            if received is not None:
                return received
            if _is_protected_webhook(event, engine):
                return router.answer(event, engine)
            _admit(self._callers.identities(event), event, engine)
        except TokenError as error:
            return _unauthorized(error.code, str(error))
        except ConductorError as error:
            return errors.refuse(error)
        return router.answer(event, engine)


def _admit(identities: Sequence[Identity], event: GatewayEvent, engine: Engine) -> None:
    """Return if one of the identities may ask this; raise what keeps the last of them out."""
    for number, identity in enumerate(identities, start=1):
        try:
            _admit_as(identity, event, engine)
        except ForbiddenError:
            if number == len(identities):
                raise
        else:
            return


def _admit_as(identity: Identity, event: GatewayEvent, engine: Engine) -> None:
    match verdict(identity.role, *_operation(event)):
        case Allowed():
            return
        case Refused():
            raise ForbiddenError(f"the role {identity.role} does not include this")
        case OfType(task_type):
            _of_type(identity, task_type)
        case OfTask(task_id):
            _of_task(identity, task_id, engine)
        case OfBody():
            _of_body(identity, event, engine)
        case OfLocation():
            _of_location(identity, event)


def _is_protected_webhook(event: GatewayEvent, engine: Engine) -> bool:
    """Return whether a request is for a webhook that asks for a secret of its own."""
    match _operation(event):
        case "POST", ["webhook", webhook_id]:
            return engine.webhooks.is_protected(webhook_id)
        case _:
            return False


def _operation(event: GatewayEvent) -> tuple[str, list[str]]:
    """Return the method of a request, and the segments of its path."""
    segments = [unquote(segment) for segment in event["rawPath"].strip("/").split("/")]
    return event["requestContext"]["http"]["method"], segments


def _of_body(identity: Identity, event: GatewayEvent, engine: Engine) -> None:
    """Let a worker through if it works on the types of all tasks that a body names."""
    if not identity.task_types:
        return
    named = _named(event)
    if named.task_id:
        _of_task(identity, named.task_id, engine)
    for task_id in named.task_ids:
        with suppress(NotFoundError):  # a message may outlive its task; nothing is told of it
            _of_task(identity, task_id, engine)


def _of_location(identity: Identity, event: GatewayEvent) -> None:
    """Let a reader fetch payloads, and a worker of some types put the outputs of its tasks."""
    query = parse_qs(event.get("rawQueryString", ""))
    operations = {value.upper() for value in query.get("operation", ())}
    if identity.role is Role.READER and operations != {"READ"}:
        raise ForbiddenError("the role reader may only READ payloads")
    if identity.task_types:
        kinds = {value.upper() for value in query.get("payloadType", ())}
        if operations != {"WRITE"} or kinds != {"TASK_OUTPUT"} or "path" in query:
            raise ForbiddenError(
                f"{identity.caller} may only WRITE a TASK_OUTPUT, at a path that it is given"
            )


def _of_task(identity: Identity, task_id: str, engine: Engine) -> None:
    """Let a worker through if it works on a task's type; looked up only if that matters."""
    if identity.task_types:
        _of_type(identity, engine.tasks.get(task_id).task_type)


def _of_type(identity: Identity, task_type: str) -> None:
    """Let a worker through if the type is one of its own."""
    if identity.task_types and task_type not in identity.task_types:
        raise ForbiddenError(f"{identity.caller} does not work on {task_type}")


def _named(event: GatewayEvent) -> _Named:
    try:
        return _Named.model_validate_json(body_of(event))
    except ValidationError as error:
        raise InvalidRequestError.from_validation(error) from None


def _unauthorized(code: str, message: str) -> Response:
    """Return a refusal whose ``error`` tells Conductor's SDKs whether to ask for a new token."""
    body = {"status": 401, "error": code, "message": message, "retryable": False}
    return Response(401, JSON, to_json(body).decode())
