"""How a client proves who it is. ``signing`` has what AWS wants."""

import threading
import time
from collections.abc import Generator
from typing import Final

import httpx
from pydantic import ValidationError

from dalsegno.client.call import sends
from dalsegno.errors import UnauthorizedError
from dalsegno.models import TokenRequest, TokenResponse

_HEADER: Final = "X-Authorization"
# Conductor's SDKs renew a token at this age, too.
_RENEWED_AFTER_SECONDS: Final = 45 * 60


class KeyAuth(httpx.Auth):
    """An access key, exchanged for a token when first needed, when it gets old or is refused."""

    requires_response_body = True

    def __init__(self, key_id: str, key_secret: str) -> None:
        self._key = TokenRequest(key_id=key_id, key_secret=key_secret)
        self._token: str | None = None
        self._renewed_at = 0.0
        self._lock = threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth.auth_flow``. Raises UnauthorizedError."""
        token = self._fresh_token()
        if token is None:
            token = self._take(request, (yield self._token_request(request)))
        request.headers[_HEADER] = token
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            request.headers[_HEADER] = self._take(request, (yield self._token_request(request)))
            yield request

    def _fresh_token(self) -> str | None:
        with self._lock:
            age_seconds = time.monotonic() - self._renewed_at
            return self._token if age_seconds < _RENEWED_AFTER_SECONDS else None

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        head, _, _ = str(request.url).partition("/api/")
        body = sends(self._key)
        return httpx.Request(
            "POST", f"{head}/api/token", content=body, headers={"Content-Type": "application/json"}
        )

    def _take(self, request: httpx.Request, response: httpx.Response) -> str:
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            # Never sent what it was asked for, so it may be asked again.
            raise httpx.ConnectError("no token could be had", request=request)
        is_open = response.status_code == httpx.codes.NOT_FOUND  # without keys, to everybody
        token = "" if is_open else self._read(response)
        with self._lock:
            self._token, self._renewed_at = token, time.monotonic()
        return token

    def _read(self, response: httpx.Response) -> str:
        try:
            return TokenResponse.model_validate_json(response.content).token
        except ValidationError:
            raise UnauthorizedError(
                f"access key {self._key.key_id} was not accepted: {response.text[:200]}"
            ) from None


class TokenAuth(httpx.Auth):
    """A token of an issuer that the API trusts (auth mode ``jwt``)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth.auth_flow``."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request
