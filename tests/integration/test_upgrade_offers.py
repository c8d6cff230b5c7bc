"""Requests that offer another protocol are answered as if they did not, whole."""

import json
import time

import httpx
import pytest

from tests.raw_http import answer, connected

BODY = json.dumps([{"name": "offered", "ownerEmail": "a@b.c", "description": "é" * 3000}])
OFFERS = {
    "curl --http2": (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA",
    ),
    "Java": (
        "Connection: Upgrade, HTTP2-Settings",
        "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA",
        "Upgrade: h2c",
    ),
    "websocket": (
        "Connection: keep-alive, Upgrade",
        "upgrade: websocket",
        "Sec-WebSocket-Key: eA==",
    ),
    "two headers": ("Connection: keep-alive", "Connection: upgrade", "UPGRADE: TLS/1.0, h2c"),
}


def head(offer: tuple[str, ...], framing: str) -> bytes:
    lines = ("POST /api/metadata/taskdefs HTTP/1.1", "Host: localhost", *offer, framing)
    return "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode()


def framed(is_chunked: bool) -> tuple[str, bytes]:
    body = BODY.encode()
    if not is_chunked:
        return f"Content-Length: {len(body)}", body
    halves = body[:100], body[100:]
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(half), half) for half in halves)
    return "Transfer-Encoding: chunked", chunks + b"0\r\n\r\n"


@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("pieces", ["at once", "head first", "byte by byte", "one less"])
@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
def test_body_of_a_request_with_an_offer_arrives(
    server_url: str, api: httpx.Client, offer: tuple[str, ...], pieces: str, is_chunked: bool
) -> None:
    api.delete("/metadata/taskdefs/offered")
    framing, body = framed(is_chunked)
    start = head(offer, framing)
    connection = connected(server_url)
    whole = start + body
    match pieces:
        case "at once":
            parts = [whole]
        case "head first":
            parts = [start, body]
        case "one less":
            parts = [start[:-1], whole[len(start) - 1 :]]
        case _:
            edge = len(start) + 40
            parts = [whole[n : n + 1] for n in range(edge)] + [whole[edge:]]

    for part in parts:
        connection.sendall(part)
        if len(parts) == 2:
            time.sleep(0.05)
    status, _ = answer(connection)

    assert status == 200
    assert api.get("/metadata/taskdefs/offered").json()["description"] == "é" * 3000


def test_connection_goes_on_after_a_declined_offer(server_url: str) -> None:
    framing, body = framed(False)
    connection = connected(server_url)
    for _ in range(3):
        connection.sendall(head(OFFERS["curl --http2"], framing) + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        assert received.startswith(b"HTTP/1.1 200")
    connection.sendall(b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert answer(connection)[0] == 200


def test_requests_sent_ahead_are_all_answered(server_url: str) -> None:
    framing, body = framed(False)
    offered = head(OFFERS["Java"], framing) + body
    plain = b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connection = connected(server_url)

    connection.sendall(
        offered + plain + offered + plain.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )
    received = b""
    while piece := connection.recv(65536):
        received += piece
    connection.close()

    assert received.count(b"HTTP/1.1 200 OK") == 4


def test_any_number_of_offers_sent_ahead_is_taken(server_url: str) -> None:
    offer = "\r\n".join(OFFERS["curl --http2"])
    ask = f"GET /api/version HTTP/1.1\r\nHost: localhost\r\n{offer}\r\n\r\n".encode()
    connection = connected(server_url)

    connection.sendall(ask * 1500)
    received = b""
    while received.count(b"HTTP/1.1 200 OK") < 1500:
        piece = connection.recv(65536)
        assert piece, "the server hung up"
        received += piece
    connection.close()


def test_server_is_no_proxy(server_url: str) -> None:
    connection = connected(server_url)
    connection.sendall(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")

    assert answer(connection)[0] == 400


def test_head_without_end_is_refused(server_url: str) -> None:
    connection = connected(server_url)
    connection.sendall(b"GET /api/version HTTP/1.1\r\nHost: localhost\r\n")
    received = b""
    try:
        for number in range(400):
            connection.sendall(b"X-%d: %b\r\n" % (number, b"x" * 1024))
        received = connection.recv(1024)
    except ConnectionError:
        return  # it hung up while more was sent
    finally:
        connection.close()

    assert received.startswith(b"HTTP/1.1 400")
