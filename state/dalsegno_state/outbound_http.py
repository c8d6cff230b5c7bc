"""HTTP calls to services outside: guarded addresses, one deadline per exchange, bounded answers."""

import re
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Final

import httpcore
import httpx

from dalsegno_state.http_content import ACCEPTED_CODINGS, ContentError, decoded
from dalsegno_state.outbound_addresses import Reach, ResolveError, allowed, resolve
from dalsegno_state.ports import HttpCallError, HttpReply

_MAX_BYTES: Final = 10 * 1024 * 1024
_MAX_REDIRECTS: Final = 5
_MAX_ADDRESSES: Final = 8  # of one host
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_EXCHANGE_SECONDS: Final = 60.0
# Less than the five seconds after which many servers close idle connections.
_KEEP_ALIVE_SECONDS: Final = 4.0
_WRITE_BYTES: Final = 16 * 1024
_DEFAULT_HEADERS: Final = {
    "User-Agent": "dalsegno",
    "Accept": "*/*",
    "Accept-Encoding": ACCEPTED_CODINGS,
}
# The client itself says how long a body is and whom a connection is to.
_FRAMING: Final = frozenset(
    {
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What a redirect may take to another origin; any other header may hold a credential.
_FOR_ANY_ORIGIN: Final = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "content-encoding",
        "content-language",
        "content-type",
        "if-modified-since",
        "if-none-match",
        "range",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-correlation-id",
        "x-request-id",
    }
)
_OF_BODIES: Final = frozenset({"content-encoding", "content-language", "content-type"})
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_NO_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_ends_at: ContextVar[float] = ContextVar("_ends_at")


class _OutOfTimeError(Exception):
    """The exchange has reached its deadline."""


def _left(timeout: float | None) -> float:
    """Return for how long the next step may take: its own timeout, within the exchange's."""
    left = _ends_at.get() - monotonic()
    if left <= 0:
        raise _OutOfTimeError
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write ends by the deadline of the exchange."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """See ``httpcore.NetworkStream.read``."""
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """See ``httpcore.NetworkStream.write``; a peer that reads slowly is noticed in between."""
        for start in range(0, len(buffer), _WRITE_BYTES):
            self._inner.write(buffer[start : start + _WRITE_BYTES], _left(timeout))

    def close(self) -> None:
        """See ``httpcore.NetworkStream.close``."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """See ``httpcore.NetworkStream.start_tls``."""
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> object:
        """See ``httpcore.NetworkStream.get_extra_info``."""
        return self._inner.get_extra_info(info)


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were judged, so that a name cannot mean another one then."""

    def __init__(self, reach: Reach) -> None:
        self._inner = httpcore.SyncBackend()
        self._reach = reach

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See ``httpcore.NetworkBackend.connect_tcp``; tries the addresses of a host in turn."""
        try:
            addresses = allowed(host, resolve(host, port, _left(timeout)), self._reach)
        except ResolveError as error:
            raise HttpCallError(str(error)) from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return _Stream(
                    self._inner.connect_tcp(
                        address, port, _left(timeout), local_address, socket_options
                    )
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address")


class _Body(httpx.SyncByteStream):
    """The body of an answer as it comes from a connection."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        """See ``httpx.SyncByteStream.close``."""
        self._response.close()


class _GuardedTransport(httpx.BaseTransport):
    """Sends what httpx has prepared over guarded connections."""

    def __init__(self, reach: Reach) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            network_backend=_GuardedBackend(reach),
            max_connections=100,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport.handle_request``."""
        url = request.url
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """See ``httpx.BaseTransport.close``."""
        self._pool.close()


@dataclass(frozen=True, slots=True)
class _Call:
    """One request of an exchange, which is more than one if it is redirected.

    Attributes:
        confidential: What of it must not leave its origin; see ``HttpClient.request``.
    """

    method: str
    url: httpx.URL
    headers: httpx.Headers
    body: bytes | None
    confidential: frozenset[str]

    @property
    def origin(self) -> str:
        """Scheme, host and port: what of a URL may be told to anybody."""
        return f"{self.url.scheme}://{self.url.netloc.decode('ascii')}"

    def redirected(self, status: int, location: str) -> "_Call":
        """Return the request that a redirect asks for, without what is for this origin alone.

        Raises:
            HttpCallError: It must not be made.
        """
        call = replace(self, url=_joined(self.url, location))
        becomes_get = status in (301, 302) and self.method == "POST"
        if becomes_get or (status == 303 and self.method not in ("GET", "HEAD")):
            left = [pair for pair in self.headers.multi_items() if pair[0] not in _OF_BODIES]
            call = replace(call, method="GET", body=None, headers=httpx.Headers(left))
        return call if call.origin == self.origin else self._elsewhere(call)

    def _elsewhere(self, call: "_Call") -> "_Call":
        if call.body and "body" in self.confidential:
            raise HttpCallError(
                f"redirected to {call.origin}, which must not get the secrets in the body"
            )
        if call.body and (self.url.scheme, call.url.scheme) == ("https", "http"):
            raise HttpCallError(f"redirected to {call.origin}, which would get the body in clear")
        kept = _FOR_ANY_ORIGIN - self.confidential
        headers = [pair for pair in call.headers.multi_items() if pair[0] in kept]
        return replace(call, headers=httpx.Headers(headers))


class GuardedHttpClient:
    """The ``HttpClient`` port over httpx.

    Follows redirects as Apache's client does, which Conductor uses.

    Args:
        allow_private: Whether private networks may be called.
        allow_loopback: Whether this machine may be called; as private networks, if None.
    """

    def __init__(self, *, allow_private: bool, allow_loopback: bool | None = None) -> None:
        loopback = allow_private if allow_loopback is None else allow_loopback
        self._client = httpx.Client(
            transport=_GuardedTransport(Reach(private=allow_private, loopback=loopback)),
            headers=_DEFAULT_HEADERS,
            follow_redirects=False,
            trust_env=False,  # a proxy would connect to any address
        )
        # Workflows must not get each other's cookies.
        self._client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        exchange_timeout_seconds: float = _EXCHANGE_SECONDS,
        confidential: frozenset[str] = frozenset(),
    ) -> HttpReply:
        """See ``HttpClient.request``."""
        timeout = httpx.Timeout(
            read_timeout_seconds or None,
            connect=connect_timeout_seconds or None,
            pool=connect_timeout_seconds or None,
        )
        call = _Call(_checked_method(method), _parsed(url), _checked(headers), body, confidential)
        token = _ends_at.set(monotonic() + exchange_timeout_seconds)
        try:
            for _ in range(_MAX_REDIRECTS + 1):
                reply, location = self._send(call, timeout)
                if reply.status_code not in _REDIRECTS or not location:
                    return reply
                call = call.redirected(reply.status_code, location)
        except _OutOfTimeError:
            raise HttpCallError(
                f"the exchange with {call.origin} did not end within {exchange_timeout_seconds:g} "
                "seconds"
            ) from None
        finally:
            _ends_at.reset(token)
        raise HttpCallError(f"more than {_MAX_REDIRECTS} redirects")

    def _send(self, call: _Call, timeout: httpx.Timeout) -> tuple[HttpReply, str]:
        """Return the answer, and where it redirects to."""
        with (
            _told(call),
            self._client.stream(
                call.method,
                call.url,
                headers=call.headers,
                content=call.body,
                timeout=timeout,
                auth=httpx.Auth() if "Authorization" in call.headers else None,
            ) as response,
        ):
            raw = _limited(response.iter_raw())
            content = decoded(
                raw, response.headers.get_list("Content-Encoding"), max_bytes=_MAX_BYTES
            )
            reply = HttpReply(
                status_code=response.status_code,
                reason_phrase=response.reason_phrase,
                headers=_shown_headers(response.headers, is_decoded=content is not raw),
                body=content,
            )
            return reply, response.headers.get("Location", "")


@contextmanager
def _told(call: _Call) -> Iterator[None]:
    """Raise ``HttpCallError`` for what goes wrong, in words that show nothing but the origin."""
    try:
        yield
    except (httpcore.TimeoutException, TimeoutError) as error:
        if _ends_at.get() <= monotonic():
            raise _OutOfTimeError from error
        kind = type(error).__name__
        raise HttpCallError(f"{kind}: no answer in time from {call.origin}") from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol) as error:
        kind = type(error).__name__
        raise HttpCallError(f"{kind}: {error} ({call.origin})") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:  # httpx looks at where a redirect goes
        raise HttpCallError(f"{call.origin} redirected to what is no URL") from error
    except ContentError as error:
        raise HttpCallError(f"{call.origin}: {error}") from error
    except OSError as error:
        raise HttpCallError(f"{call.origin} cannot be called: {error}") from error


def _checked_method(method: str) -> str:
    if not _TOKEN.fullmatch(method) or method == "CONNECT":
        raise HttpCallError("the method is none that can be sent")
    return method


def _parsed(url: str) -> httpx.URL:
    """Return a URL, with what must not stand in one percent-encoded."""
    text = _NO_ESCAPE.sub("%25", url.strip()).replace("|", "%7C").replace("^", "%5E")
    try:
        parsed = httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise HttpCallError(f"the URL cannot be called: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise HttpCallError("the URL cannot be called: it must begin with http:// or https://")
    return parsed


def _joined(url: httpx.URL, location: str) -> httpx.URL:
    try:
        return _parsed(str(url.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise HttpCallError(f"redirected to what is no URL: {error}") from error


def _checked(given: dict[str, str]) -> httpx.Headers:
    """Return headers as they may be sent.

    White space around a value means nothing (RFC 9110, 5.5) and is left out; so are headers that
    say how messages are framed, which are the client's own business.
    """
    headers: dict[str, tuple[bytes, bytes]] = {}
    for name, text in given.items():
        key = name.strip().lower()
        if not _TOKEN.fullmatch(key):
            raise HttpCallError(f"{name!r} cannot be the name of a header")
        value = text.strip(" \t\r\n")
        if _CONTROL.search(value):
            raise HttpCallError(f"the value of the header {name} contains control characters")
        if key not in _FRAMING:
            headers[key] = (name.strip().encode(), value.encode(errors="replace"))
    return httpx.Headers(list(headers.values()))


def _limited(parts: Iterable[bytes]) -> bytes:
    found: list[bytes] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > _MAX_BYTES:
            raise ContentError(f"the answer is longer than {_MAX_BYTES} bytes")
        found.append(part)
    return b"".join(found)


def _shown_headers(headers: httpx.Headers, *, is_decoded: bool) -> dict[str, list[str]]:
    """Return an answer's headers by name, each spelled as it came first."""
    spelled: dict[str, str] = {}
    shown: dict[str, list[str]] = {}
    for raw_name, raw_value in headers.raw:
        name = raw_name.decode("ascii", "replace")
        if is_decoded and name.lower() in ("content-encoding", "content-length"):
            continue  # they are those of what was decoded
        key = spelled.setdefault(name.lower(), name)
        shown.setdefault(key, []).append(_header_text(raw_value))
    return shown


def _header_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("iso-8859-1")
