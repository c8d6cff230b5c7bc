"""Requests over bare sockets, for clients that no library would be."""

import socket
import struct
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit


class Leaving(StrEnum):
    """How a client goes away."""

    CLOSE = "close"
    RESET = "reset"
    HALF_CLOSE = "half-close"


def connected(url: str) -> socket.socket:
    """Return a socket that is connected to the server."""
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname or "", parts.port or 80), timeout=20)


def sent(url: str, request: str | bytes) -> socket.socket:
    """Return the socket of a request that has been sent."""
    connection = connected(url)
    connection.sendall(request.encode() if isinstance(request, str) else request)
    return connection


def request(
    method: str, path: str, *, body: str = "", headers: Iterable[str] = ("Host: localhost",)
) -> str:
    """Return the text of a request."""
    length = [f"Content-Length: {len(body.encode())}"] if body else []
    return "\r\n".join([f"{method} {path} HTTP/1.1", *headers, *length, "", body])


def answer(connection: socket.socket) -> tuple[int, str]:
    """Return the status and the body of one answer, however it is framed; then hang up."""
    with connection, connection.makefile("rb") as stream:
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, stream.read(length).decode()


def leave(connection: socket.socket, how: Leaving) -> None:
    """Go away without an answer."""
    match how:
        case Leaving.CLOSE:
            connection.close()
        case Leaving.RESET:
            at_once = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            connection.close()
        case Leaving.HALF_CLOSE:
            connection.shutdown(socket.SHUT_WR)
