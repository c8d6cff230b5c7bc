"""Clients that send slowly, or without end, cost the others nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from dalsegno_functions.local import protocol
from dalsegno_functions.local.server import LocalServer
from dalsegno_functions.wiring import local_engine
from tests.raw_http import answer, connected, request, sent


@pytest.fixture
def impatient_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve with little patience for the headers of a request."""
    monkeypatch.setattr(protocol, "_HEAD_SECONDS", 0.5)
    monkeypatch.setattr(protocol, "_WRITE_SECONDS", 0.5)
    local = local_engine(None)
    server = LocalServer(local, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.url
    server.stop()
    thread.join(20)
    local.close()


def hangs_up(connection: socket.socket, within_seconds: float) -> bool:
    connection.settimeout(within_seconds)
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("head", [b"", b"G", b"GET /api/version HTTP/1.1\r\nHost: loc"])
def test_server_hangs_up_on_half_a_head(impatient_url: str, head: bytes) -> None:
    with connected(impatient_url) as connection:
        if head:
            connection.sendall(head)

        assert hangs_up(connection, 10)


def test_dripping_head_does_not_gain_time(impatient_url: str) -> None:
    with connected(impatient_url) as connection:
        began = time.monotonic()
        try:
            for byte in b"GET /api/version HTTP/1.1\r\n" + b"X: y\r\n" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        except ConnectionError:
            pass

        assert time.monotonic() - began < 10


def test_head_of_a_later_request_has_its_deadline_too(impatient_url: str) -> None:
    ask = request("GET", "/api/version")
    with connected(impatient_url) as connection:
        connection.sendall(ask.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        time.sleep(1)  # between two requests there is no hurry
        connection.sendall(ask.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")

        connection.sendall(b"GET /api/ver")

        assert hangs_up(connection, 10)


def test_body_may_take_longer_than_the_head(impatient_url: str) -> None:
    head = request(
        "POST", "/api/workflow", headers=("Host: localhost", "Content-Length: 18", "Expect: x")
    )
    connection = sent(impatient_url, head)
    time.sleep(1)

    connection.sendall(b'{"name": "absent"}')

    assert answer(connection)[0] == 404


def test_poll_may_take_longer_than_the_head(impatient_url: str) -> None:
    connection = sent(impatient_url, request("GET", "/api/tasks/poll/batch/x?timeout=1500"))

    assert answer(connection) == (200, "[]")


def asking_for_megabytes(url: str, megabytes: int) -> socket.socket:
    """Return the socket of a request for a large answer, of which little fits into the socket."""
    definition = {"name": "large", "tasks": [{"name": "w", "taskReferenceName": "w"}]}
    given = {"text": "x" * megabytes * 1024 * 1024}
    body = {"name": "large", "workflowDef": definition, "input": given}
    workflow_id = httpx.post(f"{url}/api/workflow", json=body, timeout=60).text
    parts = urlsplit(url)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    connection.settimeout(20)
    connection.connect((parts.hostname, parts.port))
    connection.sendall(request("GET", f"/api/workflow/{workflow_id}").encode() + b"\r\n")
    return connection


def read_slowly(connection: socket.socket, pause_seconds: float) -> tuple[int, int]:
    """Return how long a body is said to be and how much of it comes, read piece by piece."""
    head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
    promised = int(head.lower().partition(b"content-length: ")[2].split()[0])
    taken = len(body)
    while taken < promised:
        time.sleep(pause_seconds)
        try:
            piece = connection.recv(262_144)
        except ConnectionResetError:
            break
        if not piece:
            break
        taken += len(piece)
    return promised, taken


def test_answer_that_is_not_taken_is_dropped(impatient_url: str) -> None:
    with asking_for_megabytes(impatient_url, 8) as connection:
        time.sleep(3)
        promised, taken = read_slowly(connection, 0)

    assert taken < promised


def test_answer_that_is_taken_slowly_is_whole(impatient_url: str) -> None:
    with asking_for_megabytes(impatient_url, 8) as connection:
        promised, taken = read_slowly(connection, 0.01)

    assert taken == promised > 8_000_000


def test_answers_that_are_not_taken_are_bounded_together(
    impatient_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_MAX_UNSENT_BYTES", 1_000_000)
    monkeypatch.setattr(protocol, "_WRITE_SECONDS", 60)

    with asking_for_megabytes(impatient_url, 8) as connection:
        time.sleep(2)
        promised, taken = read_slowly(connection, 0)

    assert taken < promised
