"""How a client proves who it is. ``signing`` has what AWS wants."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncGenerator, Generator
from typing import Final

import httpx
from pydantic import ValidationError

from dalsegno.client.call import JSON, sends
from dalsegno.errors import UnauthorizedError
from dalsegno.models import TokenRequest, TokenResponse

API_URL: Final = "dalsegno_api_url"
"""Under which of its extensions a request tells the URL of the API that it is for."""

_HEADER: Final = "X-Authorization"
# Conductor's SDKs renew a token at this age, too; the server's live for an hour.
_RENEWED_AFTER_SECONDS: Final = 45 * 60
_LOOK_SECONDS: Final = 0.01
_NOT_NOW: Final = frozenset({429, 500, 502, 503, 504})


class NoTokenError(httpx.TransportError):
    """The server has no token to give now; the request itself was not made."""


class KeyAuth(httpx.Auth):
    """An access key, exchanged for a token when first needed, when it gets old or is refused.

    One may serve any number of clients, threads and event loops: who needs a token while
    another one asks for it waits for that one.
    """

    requires_response_body = True

    def __init__(self, key_id: str, key_secret: str) -> None:
        self._key = TokenRequest(key_id=key_id, key_secret=key_secret)
        self._token: str | None = None
        self._renewed_at = 0.0
        self._renewing = threading.Lock()

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """See ``httpx.Auth.sync_auth_flow``. Raises UnauthorizedError."""
        refused: str | None = None
        for _ in range(2):
            token = self._fresh(refused)
            if token is None:
                with self._renewing:
                    token = self._fresh(refused)
                    if token is None:
                        response = yield self._token_request(request)
                        response.read()
                        token = self._take(request, response)
            request.headers[_HEADER] = token
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return
            refused = token

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """See ``httpx.Auth.async_auth_flow``. Raises UnauthorizedError."""
        refused: str | None = None
        for _ in range(2):
            token = self._fresh(refused)
            if token is None:
                while not self._renewing.acquire(blocking=False):
                    await asyncio.sleep(_LOOK_SECONDS)
                try:
                    token = self._fresh(refused)
                    if token is None:
                        response = yield self._token_request(request)
                        await response.aread()
                        token = self._take(request, response)
                finally:
                    self._renewing.release()
            request.headers[_HEADER] = token
            if (yield request).status_code != httpx.codes.UNAUTHORIZED:
                return
            refused = token

    def _fresh(self, refused: str | None) -> str | None:
        """Return the token, unless there is none, or it is old, or the one that was refused."""
        is_fresh = time.monotonic() - self._renewed_at < _RENEWED_AFTER_SECONDS
        return self._token if is_fresh and self._token != refused else None

    def _token_request(self, request: httpx.Request) -> httpx.Request:
        return httpx.Request(
            "POST",
            f"{request.extensions[API_URL]}/token",
            content=sends(self._key),
            headers={"Content-Type": JSON, "User-Agent": request.headers["User-Agent"]},
            extensions=request.extensions,
        )

    def _take(self, request: httpx.Request, response: httpx.Response) -> str:
        if response.status_code in _NOT_NOW:
            said = f"{response.status_code} {response.text[:200]}"
            raise NoTokenError(f"asked for a token, it said {said}", request=response.request)
        is_open = response.status_code == httpx.codes.NOT_FOUND  # without keys, to everybody
        self._token = "" if is_open else self._read(response)
        self._renewed_at = time.monotonic()
        return self._token

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


def auth_of_environment() -> httpx.Auth | None:
    """Return what the environment tells of who asks; None if nothing.

    That is ``DALSEGNO_AUTH=iam``, a token in ``DALSEGNO_TOKEN``, or the access key that Conductor's
    SDKs find, too.

    Raises:
        ValueError: ``DALSEGNO_AUTH`` is something else, or there are no credentials.
        ImportError: It is ``iam``, and the extra ``sqs`` is not installed.
    """
    way = os.environ.get("DALSEGNO_AUTH")
    if way == "iam":
        from dalsegno.client.signing import IamAuth  # has an extra's imports

        return IamAuth()
    if way:
        raise ValueError(f"DALSEGNO_AUTH is {way!r}: it may be iam; keys and tokens need none")
    if token := os.environ.get("DALSEGNO_TOKEN"):
        return TokenAuth(token)
    key_id = os.environ.get("CONDUCTOR_AUTH_KEY")
    key_secret = os.environ.get("CONDUCTOR_AUTH_SECRET")
    return KeyAuth(key_id, key_secret) if key_id and key_secret else None
