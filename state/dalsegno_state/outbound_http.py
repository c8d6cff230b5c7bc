"""HTTP calls to services outside: guarded addresses, bounded time, bounded answers."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Final
from urllib.parse import urljoin

import httpcore

from dalsegno_state.ports import HttpCallError, HttpReply

_MOST_BYTES: Final = 10 * 1024 * 1024
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def refusal(address: Address, *, allow_private: bool) -> str | None:
    """Return why an address must not be called, or None.

    Link-local addresses are refused always: cloud metadata services live there.
    """
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if mapped is not None:
        return refusal(mapped, allow_private=allow_private)
    if address.is_link_local or str(address) == "fd00:ec2::254":
        return "it is a link-local or metadata address"
    if address.is_multicast or address.is_unspecified:
        return "it is not the address of a host"
    if not allow_private and not address.is_global:
        return "it is in a private range; allow private addresses to call it"
    return None


class _GuardedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were looked at, so that a name cannot change its mind."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """See ``httpcore.NetworkBackend.connect_tcp``."""
        for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            address = str(found[4][0])
            reason = refusal(ipaddress.ip_address(address), allow_private=self._allow_private)
            if reason is not None:
                raise HttpCallError(f"{host} ({address}) must not be called: {reason}")
            return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
        raise HttpCallError(f"{host} has no address")


class GuardedHttpClient:
    """The ``HttpClient`` port over httpcore; follows redirects of GET and HEAD.

    Args:
        allow_private: Whether loopback and private networks may be called, as a laptop needs.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._pool = httpcore.ConnectionPool(
            network_backend=_GuardedBackend(allow_private=allow_private),
            max_connections=100,
            keepalive_expiry=15,
        )

    def close(self) -> None:
        """Close idle connections."""
        self._pool.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> HttpReply:
        """See ``HttpClient.request``."""
        timeouts = {
            "connect": connect_timeout_seconds,
            "read": read_timeout_seconds,
            "write": read_timeout_seconds,
            "pool": connect_timeout_seconds,
        }
        deadline = time.monotonic() + connect_timeout_seconds + read_timeout_seconds
        for _ in range(_MOST_REDIRECTS + 1):
            reply = self._send(method, url, headers, body, timeouts, deadline)
            location = reply.headers.get("location")
            if reply.status_code not in _REDIRECTS or method not in _SAFE_METHODS or not location:
                return reply
            url = urljoin(url, location[0])
        raise HttpCallError(f"more than {_MOST_REDIRECTS} redirects")

    def _send(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        timeouts: dict[str, float],
        deadline: float,
    ) -> HttpReply:
        try:
            with self._pool.stream(
                method,
                url,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
                content=body if body is not None else b"",
                extensions={"timeout": timeouts},
            ) as response:
                content = _content(response, deadline)
                return HttpReply(
                    status_code=response.status,
                    reason_phrase=_reason_phrase(response),
                    headers=_headers(response),
                    body=content,
                )
        except (httpcore.TimeoutException, TimeoutError) as error:
            raise HttpCallError(f"{type(error).__name__}: no answer in time from {url}") from error
        except (
            httpcore.ProtocolError,
            httpcore.NetworkError,
            httpcore.UnsupportedProtocol,
        ) as error:
            raise HttpCallError(f"{type(error).__name__}: {error}") from error
        except (OSError, ssl.SSLError, ValueError, TypeError) as error:
            raise HttpCallError(f"{url} cannot be called: {error}") from error


def _content(response: httpcore.Response, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    for part in response.iter_stream():
        size += len(part)
        if size > _MOST_BYTES:
            raise HttpCallError(f"the answer is longer than {_MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise HttpCallError("the answer did not end in time")
        parts.append(part)
    return b"".join(parts)


def _reason_phrase(response: httpcore.Response) -> str:
    phrase = response.extensions.get("reason_phrase", b"")
    return phrase.decode(errors="replace") if isinstance(phrase, bytes) else ""


def _headers(response: httpcore.Response) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode().lower(), []).append(value.decode(errors="replace"))
    return headers
