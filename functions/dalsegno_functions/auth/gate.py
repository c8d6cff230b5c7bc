"""The gate before the API: nobody gets past it without a token of a key whose role includes it."""

from base64 import b64decode
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import to_json

from dalsegno.errors import ConductorError, ForbiddenError, InvalidRequestError
from dalsegno.models import EpochMillis
from dalsegno_functions.auth.keys import AccessKey, AccessKeys
from dalsegno_functions.auth.roles import Allowed, Identity, OfTask, OfType, Refused, verdict
from dalsegno_functions.auth.tokens import Signer, TokenError
from dalsegno_functions.http import errors
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import JSON, Response, json
from dalsegno_functions.http.router import Router
from dalsegno_state.engine import Engine
from dalsegno_state.ports import Clock

# A revoked key, or one with another role, is found out after this long.
_KNOWN_MS: Final = 60_000
_MOST_KNOWN: Final = 10_000
_TOKEN_PATH: Final = "/api/token"  # noqa: S105  (a path)


class _Camel(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class _Credentials(_Camel):
    key_id: str
    key_secret: str


class _Report(_Camel):
    task_id: str


class Gate:
    """Answers requests for tokens, and lets those with one through to a router."""

    def __init__(self, keys: AccessKeys, signer: Signer, clock: Clock) -> None:
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._known: dict[str, tuple[EpochMillis, AccessKey | None]] = {}

    def answer(self, router: Router[Engine], event: GatewayEvent, engine: Engine) -> Response:
        """Return the answer to a request; to all but those for tokens, the router's."""
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        if method == "POST" and path.rstrip("/") == _TOKEN_PATH:
            return self._token(event)
        try:
            if _is_protected_webhook(method, path, engine):
                return router.answer(event, engine)
            self._admit(self._identity(event), event, engine)
        except TokenError as error:
            return _unauthorized(error.code, str(error))
        except ConductorError as error:
            return errors.refuse(error)
        return router.answer(event, engine)

    def _token(self, event: GatewayEvent) -> Response:
        try:
            shown = _Credentials.model_validate_json(_body(event))
        except ValidationError:
            return errors.refuse(InvalidRequestError("expected keyId and keySecret, as JSON"))
        key = self._keys.key(shown.key_id)
        if key is None or not key.is_opened_by(shown.key_secret):
            return _unauthorized("INVALID_KEY", "there is no such access key")
        return json({"token": self._signer.issue(shown.key_id, self._clock.now())})

    def _identity(self, event: GatewayEvent) -> Identity:
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        token = headers.get("x-authorization", "")
        if not token:
            raise TokenError("MISSING_TOKEN", "X-Authorization is missing: POST /api/token first")
        key = self._key(self._signer.key_id(token, self._clock.now()))
        if key is None:
            raise TokenError("REVOKED_KEY", "the access key was revoked")
        return key.identity

    def _key(self, key_id: str) -> AccessKey | None:
        now = self._clock.now()
        known = self._known.get(key_id)
        if known is not None and 0 <= now - known[0] < _KNOWN_MS:
            return known[1]
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        key = self._keys.key(key_id)
        self._known[key_id] = (now, key)
        return key

    def _admit(self, identity: Identity, event: GatewayEvent, engine: Engine) -> None:
        method = event["requestContext"]["http"]["method"]
        segments = [unquote(segment) for segment in event["rawPath"].strip("/").split("/")]
        match verdict(identity.role, method, segments):
            case Allowed():
                return
            case Refused():
                raise ForbiddenError(f"the role {identity.role} does not include this")
            case OfType(task_type):
                _of_type(identity, lambda: task_type)
            case OfTask(None):
                _of_type(identity, lambda: engine.tasks.get(_reported(event)).task_type)
            case OfTask(str() as task_id):
                _of_type(identity, lambda: engine.tasks.get(task_id).task_type)


def _is_protected_webhook(method: str, path: str, engine: Engine) -> bool:
    """Return whether a request is for a webhook that asks for a secret of its own."""
    match method, [unquote(segment) for segment in path.strip("/").split("/")]:
        case "POST", ["webhook", webhook_id]:
            return engine.webhooks.is_protected(webhook_id)
        case _:
            return False


def _of_type(identity: Identity, find: Callable[[], str]) -> None:
    """Let a worker through if the type is one of its own; looked up only if that matters."""
    if not identity.task_types:
        return
    task_type = find()
    if task_type not in identity.task_types:
        raise ForbiddenError(f"the access key does not work on {task_type}")


def _reported(event: GatewayEvent) -> str:
    try:
        return _Report.model_validate_json(_body(event)).task_id
    except ValidationError as error:
        raise InvalidRequestError.from_validation(error) from None


def _body(event: GatewayEvent) -> str | bytes:
    body = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body


def _unauthorized(code: str, message: str) -> Response:
    """Return a refusal whose ``error`` tells Conductor's SDKs whether to ask for a new token."""
    body = {"status": 401, "error": code, "message": message, "retryable": False}
    return Response(401, JSON, to_json(body).decode())
