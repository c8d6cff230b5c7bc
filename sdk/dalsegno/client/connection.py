"""Connections to the API: calls are sent, repeated where that is safe, and answered or raised."""

import asyncio
import logging
import os
import ssl
import time
from functools import cache
from typing import Any, Final, TypeVar

import httpx

from dalsegno import __version__
from dalsegno.client.answers import error_of, result_of, unreachable
from dalsegno.client.auth import API_URL, auth_of_environment
from dalsegno.client.call import Call
from dalsegno.client.retries import (
    Retries,
    delay_asked_for,
    may_repeat_after_answer,
    may_repeat_after_error,
)

T = TypeVar("T")

DEFAULT_URL: Final = "http://127.0.0.1:8080"
_CONNECT_SECONDS: Final = 10
_ANSWER_SECONDS: Final = 30
# An idle connection is let go of before a server or gateway does that (the local server after 75 s,
# load balancers 60 s, other servers 5 s): else a request meets one that is just being closed.
_LIMITS: Final = httpx.Limits(
    max_connections=None, max_keepalive_connections=100, keepalive_expiry=4
)
_HEADERS: Final = {"User-Agent": f"dalsegno/{__version__}", "Accept": "application/json"}
_logger: Final = logging.getLogger("dalsegno.client")


def api_url(url: str | None) -> str:
    """Return the URL of the API: as given, with or without ``/api``, or by the environment.

    Raises:
        ValueError: It is no URL.
    """
    given = url or os.environ.get("DALSEGNO_URL") or os.environ.get("CONDUCTOR_SERVER_URL")
    found = given or DEFAULT_URL
    if not found.startswith(("http://", "https://")):
        raise ValueError(f"the URL must begin with http:// or https://, got {found!r}")
    return found.rstrip("/").removesuffix("/api") + "/api"


@cache
def _certificates() -> ssl.SSLContext:
    """Return what servers are trusted by, made once: that takes longer than all else here."""
    return httpx.create_ssl_context()


class _Attempts:
    """The attempts at one call: what both connections have in common but sending and waiting."""

    def __init__(
        self, client: httpx.Client | httpx.AsyncClient, url: str, call: Call[Any], retries: Retries
    ) -> None:
        self._url = url
        self._call = call
        self._retries = retries
        self._made = 0
        self._client = client
        self.auth = httpx.USE_CLIENT_DEFAULT if call.is_for_the_api else None

    def next_request(self) -> httpx.Request:
        """Return the request of the next attempt."""
        call = self._call
        self._request = self._client.build_request(
            call.method,
            call.target,
            content=call.body,
            headers=None if call.body is None else {"Content-Type": call.content_type},
            timeout=httpx.Timeout(_ANSWER_SECONDS + call.wait_seconds, connect=_CONNECT_SECONDS),
            extensions={API_URL: self._url},
        )
        return self._request

    def after_error(self, error: httpx.RequestError) -> float:
        """Return how long to wait before the next attempt. Raises UnavailableError if none."""
        may_repeat = may_repeat_after_error(self._call, self._request, error)
        delay = self._next(None) if may_repeat else None
        if delay is None:
            raise unreachable(self._call, self._url, error) from error
        _logger.debug("%s: %r; again in %.1f s", self._call, error, delay)
        return delay

    def after_answer(self, response: httpx.Response) -> float | None:
        """Return how long to wait before the next attempt; None after a success.

        Raises:
            ConductorError: What the answer tells of, if there is no next attempt.
        """
        if response.is_success:
            return None
        may_repeat = may_repeat_after_answer(self._call, response)
        delay = self._next(delay_asked_for(response)) if may_repeat else None
        if delay is None:
            raise error_of(self._call, response)
        _logger.debug("%s: %s; again in %.1f s", self._call, response.status_code, delay)
        return delay

    def _next(self, asked_for: float | None) -> float | None:
        self._made += 1
        return self._retries.delay_seconds(self._made, asked_for)


class Connection:
    """See ``Sender``; may be used by many threads."""

    def __init__(self, url: str | None, auth: httpx.Auth | None, retries: Retries) -> None:
        self.url = api_url(url)
        self._retries = retries
        self._http = httpx.Client(
            base_url=self.url,
            auth=auth or auth_of_environment(),
            headers=_HEADERS,
            limits=_LIMITS,
            verify=_certificates(),
        )

    def send(self, call: Call[T]) -> T:
        """See ``Sender.send``."""
        attempts = _Attempts(self._http, self.url, call, self._retries)
        while True:
            try:
                response = self._http.send(attempts.next_request(), auth=attempts.auth)
            except httpx.RequestError as error:
                delay = attempts.after_error(error)
            else:
                waits = attempts.after_answer(response)
                if waits is None:
                    return result_of(call, response)
                delay = waits
            time.sleep(delay)

    def close(self) -> None:
        """Close what is open."""
        self._http.close()


class AsyncConnection:
    """See ``AsyncSender``; belongs to one event loop."""

    def __init__(self, url: str | None, auth: httpx.Auth | None, retries: Retries) -> None:
        self.url = api_url(url)
        self._retries = retries
        self._http = httpx.AsyncClient(
            base_url=self.url,
            auth=auth or auth_of_environment(),
            headers=_HEADERS,
            limits=_LIMITS,
            verify=_certificates(),
        )

    async def send(self, call: Call[T]) -> T:
        """See ``AsyncSender.send``."""
        attempts = _Attempts(self._http, self.url, call, self._retries)
        while True:
            try:
                response = await self._http.send(attempts.next_request(), auth=attempts.auth)
            except httpx.RequestError as error:
                delay = attempts.after_error(error)
            else:
                waits = attempts.after_answer(response)
                if waits is None:
                    return result_of(call, response)
                delay = waits
            await asyncio.sleep(delay)

    async def close(self) -> None:
        """Close what is open."""
        await self._http.aclose()
