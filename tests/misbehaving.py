"""An HTTP server on a real socket that does to each request what a test says."""

import http.client
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    client_port: int

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """Answers."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Drop:
    """Takes the request, and hangs up."""


class Garble:
    """Takes the request, and answers what is no HTTP."""


class Stall:
    """Takes the request, and says nothing until the test is over."""


@dataclass(frozen=True)
class Lose:
    """Has a real server answer, and hangs up instead of passing the answer on."""

    url: str


@dataclass(frozen=True)
class Forward:
    """Passes on what a real server answers."""

    url: str


Behaviour = Answer | Drop | Garble | Stall | Lose | Forward
Choose = Callable[[Seen], Behaviour]
Reply = tuple[int, bytes, dict[str, str]]


class MisbehavingServer:
    """Behaves as told, one behaviour for each request; the last one for all that follow."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.over = threading.Event()
        self._choose: Choose = lambda seen: Answer(500)
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def will(self, *behaviours: Behaviour) -> None:
        left = list(behaviours)
        self.chooses(lambda seen: left.pop(0) if len(left) > 1 else left[0])

    def chooses(self, choose: Choose) -> None:
        self._choose = choose

    def behaviour_for(self, seen: Seen) -> Behaviour:
        with self._lock:
            self.seen.append(seen)
            return self._choose(seen)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


@contextmanager
def misbehaving() -> Iterator[MisbehavingServer]:
    server = MisbehavingServer()
    server.begin()
    try:
        yield server
    finally:
        server.end()


def _handler_of(server: MisbehavingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, self.path, headers, body, self.client_address[1])
            reply = _reply(server, seen)
            if isinstance(reply, bytes):
                self.wfile.write(reply)
                self._hang_up()
            else:
                self._answer(*reply)

        do_GET = do_POST = do_PUT = do_DELETE = _handle

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _hang_up(self) -> None:
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    return Handler


def _reply(server: MisbehavingServer, seen: Seen) -> Reply | bytes:
    """Return the answer to a request; or what is sent before the server hangs up."""
    match server.behaviour_for(seen):
        case Answer(status, text, headers):
            return status, text.encode(), headers
        case Forward(url):
            return _asked(url, seen)
        case Lose(url):
            _asked(url, seen)
        case Stall():
            server.over.wait()
        case Garble():
            return b"220 mail.example.com ESMTP\r\n\r\n"
        case Drop():
            pass
    return b""


def _asked(url: str, seen: Seen) -> Reply:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        kept = {"content-type": seen.headers.get("content-type", "")}
        connection.request(seen.method, seen.path, body=seen.body, headers=kept)
        reply = connection.getresponse()
        return reply.status, reply.read(), {"Content-Type": reply.headers["Content-Type"] or ""}
    finally:
        connection.close()
