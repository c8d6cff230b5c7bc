"""A server on a real socket that says what a test has it say, byte by byte."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Conversation:
    """One connection: the request is read, then the test takes over."""

    connection: socket.socket
    request: bytes
    over: threading.Event

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.sendall(part)

    def drip(self, part: bytes, every_seconds: float) -> None:
        """Send the same again and again, until the peer or the test has gone."""
        while not self.over.wait(every_seconds):
            self.send(part)

    @property
    def line(self) -> str:
        return self.request.split(b"\r\n")[0].decode()

    @property
    def headers(self) -> list[tuple[str, str]]:
        lines = self.request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        pairs = (line.decode("utf-8", "replace").partition(":") for line in lines)
        return [(name.lower(), value.strip()) for name, _, value in pairs]

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    @property
    def body(self) -> bytes:
        return self.request.split(b"\r\n\r\n", 1)[1]


Talk = Callable[[Conversation], None]


@dataclass
class RawServer:
    """Where it listens, and what was asked of it."""

    port: int
    seen: list[Conversation] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(status: str, *headers: str, body: bytes = b"") -> bytes:
    """Return an answer whose length is right, unless a header tells one."""
    told = any(header.lower().startswith(("content-length", "transfer-")) for header in headers)
    lines = [f"HTTP/1.1 {status}", *headers, *([] if told else [f"Content-Length: {len(body)}"])]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body


@contextmanager
def raw_server(talk: Talk) -> Iterator[RawServer]:
    """Serve until the context ends; each connection in a thread."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    server = RawServer(listener.getsockname()[1])
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            conversation = Conversation(connection, _request(connection), over)
            server.seen.append(conversation)
            talk(conversation)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def _request(connection: socket.socket) -> bytes:
    connection.settimeout(30)
    read = b""
    while b"\r\n\r\n" not in read and (part := connection.recv(65536)):
        read += part
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [int(s[15:]) for s in head.lower().split(b"\r\n") if s.startswith(b"content-length:")]
    while lengths and len(body) < lengths[0] and (part := connection.recv(65536)):
        body += part
    return head + b"\r\n\r\n" + body
