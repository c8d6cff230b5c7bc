"""The local server's ASGI side: HTTP to events and back, in threads."""

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dalsegno_functions.http.event import MAX_BODY_BYTES
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, text
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_functions.local.asgi import THREADS, GatewayApp


@dataclass
class Answer:
    """What an ASGI application sent."""

    messages: list[Any] = field(default_factory=list)

    @property
    def status(self) -> int:
        status: int = self.messages[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        body: bytes = self.messages[1]["body"]
        return body


async def ask(
    app: GatewayApp,
    method: str,
    raw_path: str,
    chunks: Iterable[bytes] = (b"",),
    *,
    query: bytes = b"",
    leave: bool = False,
) -> Answer:
    parts = list(chunks)
    messages = [
        {"type": "http.request", "body": part, "more_body": leave or number < len(parts) - 1}
        for number, part in enumerate(parts)
    ] + [{"type": "http.disconnect"}]
    answer = Answer()

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        answer.messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": raw_path.encode(),
        "query_string": query,
        "headers": [(b"accept", b"a"), (b"accept", b"b")],
    }
    await app(scope, receive, send)
    return answer


def an_app() -> GatewayApp:
    routes: Routes[str] = Routes("Test")
    routes.post("/echo/{name}", "Echo")(
        lambda request, context: json(
            [context, request.path["name"], dict(request.query), request.text()]
        )
    )
    routes.post("/void", "Nothing")(lambda _request, _context: empty())
    return GatewayApp(Router(routes), "shared")


def test_request_arrives_whole() -> None:
    chunks = [b'{"a":', b"", '"é"}'.encode()]

    answer = asyncio.run(ask(an_app(), "POST", "/echo/a%2Fb", chunks, query=b"q=1&q=2"))

    assert answer.status == 200
    assert answer.body.decode() == '["shared","a/b",{"q":["1","2"]},"{\\"a\\":\\"é\\"}"]'
    assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
    assert answer.headers[b"content-type"] == b"application/json"


def test_bytes_that_are_no_text_arrive() -> None:
    answer = asyncio.run(ask(an_app(), "POST", "/echo/x", [b"\xff\xfe"]))

    assert answer.status == 200


def test_empty_success_has_length_zero_and_no_type() -> None:
    answer = asyncio.run(ask(an_app(), "POST", "/void"))

    assert answer.headers == {b"content-length": b"0"}


def test_body_above_the_limit_is_not_even_read() -> None:
    chunks = [b"x" * 1024 * 1024] * (MAX_BODY_BYTES // 1024 // 1024 + 5)

    answer = asyncio.run(ask(an_app(), "POST", "/echo/x", chunks))

    assert answer.status == 413


def test_client_that_leaves_gets_no_answer() -> None:
    answer = asyncio.run(ask(an_app(), "POST", "/echo/x", [b"half"], leave=True))

    assert answer.messages == []


def test_any_number_of_polls_leaves_quick_requests_quick() -> None:
    released = threading.Event()

    def poll(_request: Request, _context: None) -> Response:
        released.wait(10)
        return empty()

    routes: Routes[None] = Routes("Test")
    routes.get("/poll", "Wait", lane=Lane.POLL)(poll)
    routes.get("/quick", "Answer")(lambda _request, _context: text("at once"))
    app = GatewayApp(Router(routes), None)

    async def crowd() -> bytes:
        polls = [asyncio.create_task(ask(app, "GET", "/poll")) for _ in range(300)]
        await asyncio.sleep(0)
        quick = await asyncio.wait_for(ask(app, "GET", "/quick"), 60)
        released.set()
        await asyncio.gather(*polls)
        return quick.body

    assert THREADS[Lane.POLL] < 300
    assert asyncio.run(crowd()) == b"at once"


def test_requests_are_answered_at_the_same_time() -> None:
    meeting = threading.Barrier(16)

    def meet(_request: Request, _context: None) -> Response:
        meeting.wait(10)
        return empty()

    routes: Routes[None] = Routes("Test")
    routes.get("/meet", "Meet")(meet)
    app = GatewayApp(Router(routes), None)

    async def crowd() -> list[Answer]:
        return await asyncio.gather(*(ask(app, "GET", "/meet") for _ in range(16)))

    assert {answer.status for answer in asyncio.run(crowd())} == {200}
