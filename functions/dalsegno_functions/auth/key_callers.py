"""Callers who show a token that they got for an access key."""

from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from dalsegno.errors import InvalidRequestError
from dalsegno.models import EpochMillis
from dalsegno_functions.auth.keys import AccessKey, AccessKeys
from dalsegno_functions.auth.roles import Identity
from dalsegno_functions.auth.tokens import Signer, TokenError
from dalsegno_functions.http.event import GatewayEvent, body_of
from dalsegno_functions.http.response import Response, json
from dalsegno_state.ports import Clock

# A revoked key, or one with another role, is found out after this long.
_KNOWN_MS: Final = 60_000
_MOST_KNOWN: Final = 10_000
_TOKEN_PATH: Final = "/api/token"  # noqa: S105  (a path)


class _Credentials(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    key_id: str
    key_secret: str


class KeyCallers:
    """See ``Callers``; answers requests for tokens."""

    def __init__(self, keys: AccessKeys, signer: Signer, clock: Clock) -> None:
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._known: dict[str, tuple[EpochMillis, AccessKey | None]] = {}

    def reception(self, event: GatewayEvent) -> Response | None:
        """See ``Callers.reception``."""
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        if method != "POST" or path.rstrip("/") != _TOKEN_PATH:
            return None
        try:
            shown = _Credentials.model_validate_json(body_of(event))
        except ValidationError:
            raise InvalidRequestError("expected keyId and keySecret, as JSON") from None
        key = self._keys.key(shown.key_id)
        if key is None or not key.is_opened_by(shown.key_secret):
            raise TokenError("INVALID_KEY", "there is no such access key")
        return json({"token": self._signer.issue(shown.key_id, self._clock.now())})

    def identities(self, event: GatewayEvent) -> tuple[Identity]:
        """See ``Callers.identities``."""
        headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        token = headers.get("x-authorization", "")
        if not token:
            raise TokenError("MISSING_TOKEN", "X-Authorization is missing: POST /api/token first")
        key = self._key(self._signer.key_id(token, self._clock.now()))
        if key is None:
            raise TokenError("REVOKED_KEY", "the access key was revoked")
        return (key.identity,)

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
