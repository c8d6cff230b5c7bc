"""The local server's ASGI side: HTTP to events and back, in threads."""

import asyncio
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from dalsegno_functions.http.event import MAX_BODY_BYTES
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, text
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_functions.local.asgi import THREADS, GatewayApp
from dalsegno_functions.local.bodies import Bodies


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
    leaves: asyncio.Event | None = None,
    unfinished: asyncio.Event | None = None,
    fails: bool = False,
) -> Answer:
    """Return what the app answers.

    Args:
        leave: The client goes away before its request is complete.
        unfinished: Set when it goes away with its request incomplete.
        leaves: Set when it goes away after that.
        fails: The answer cannot be sent.
    """
    parts = list(chunks)
    messages = [
        {
            "type": "http.request",
            "body": part,
            "more_body": bool(leave or unfinished) or number < len(parts) - 1,
        }
        for number, part in enumerate(parts)
    ] + [{"type": "http.disconnect"}] * leave
    answer = Answer()

    async def receive() -> Any:
        if not messages:
            await (
                leaves or unfinished or asyncio.Event()
            ).wait()  # the client waits for its answer
            return {"type": "http.disconnect"}
        return messages.pop(0)

    async def send(message: Any) -> None:
        if fails:
            raise ConnectionResetError
        answer.messages.append(message)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": raw_path.encode(),
        "query_string": query,
        "headers": [(b"accept", b"a"), (b"accept", b"b"), (b"transfer-encoding", b"chunked")],
    }
    await app(scope, receive, send)
    return answer


def an_app(bodies: Bodies | None = None) -> GatewayApp:
    routes: Routes[str] = Routes("Test")
    routes.post("/echo/{name}", "Echo")(
        lambda request, context: json(
            [context, request.path["name"], dict(request.query), request.text()]
        )
    )
    routes.post("/void", "Nothing")(lambda _request, _context: empty())
    return GatewayApp(Router(routes), "shared", bodies=bodies)


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


class Shop:
    """Hands something over, and takes it back if the client did not get it."""

    def __init__(self, lane: Lane) -> None:
        self.given_back = 0
        self.asked = threading.Event()
        self.saw_the_client_leave = False
        routes: Routes[None] = Routes("Test")
        routes.get("/take", "Take", lane=lane)(self._take)
        self.app = GatewayApp(Router(routes), None)

    def _take(self, request: Request, _context: None) -> Response:
        self.asked.set()
        request.caller.if_unanswered(self._give_back)
        for _ in range(20):
            self.saw_the_client_leave = request.caller.has_left
            if self.saw_the_client_leave:
                break
            time.sleep(0.01)
        return text("yours")

    def _give_back(self) -> None:
        self.given_back += 1


@pytest.mark.parametrize("lane", Lane)
def test_what_an_answer_hands_over_is_kept_if_it_arrives(lane: Lane) -> None:
    shop = Shop(lane)

    answer = asyncio.run(ask(shop.app, "GET", "/take"))

    assert answer.body == b"yours"
    assert shop.given_back == 0


@pytest.mark.parametrize("lane", Lane)
def test_what_an_answer_hands_over_is_given_back_if_the_client_left(lane: Lane) -> None:
    shop = Shop(lane)

    async def visit() -> Answer:
        leaves = asyncio.Event()
        visit = asyncio.create_task(ask(shop.app, "GET", "/take", leaves=leaves))
        await asyncio.to_thread(shop.asked.wait, 10)
        leaves.set()
        return await visit

    answer = asyncio.run(visit())

    assert answer.messages == []
    assert shop.given_back == 1
    assert shop.saw_the_client_leave is (lane is not Lane.QUICK)


@pytest.mark.parametrize("lane", Lane)
def test_what_an_answer_hands_over_is_given_back_if_it_cannot_be_sent(lane: Lane) -> None:
    shop = Shop(lane)

    with pytest.raises(ConnectionResetError):
        asyncio.run(ask(shop.app, "GET", "/take", fails=True))

    assert shop.given_back == 1


def test_bodies_together_are_bounded() -> None:
    app = an_app(Bodies(max_bytes=1000))

    async def crowd() -> tuple[Answer, Answer, Answer]:
        gone = asyncio.Event()
        half = asyncio.create_task(ask(app, "POST", "/echo/x", [b"x" * 600], unfinished=gone))
        await asyncio.sleep(0)
        refused = await ask(app, "POST", "/echo/x", [b"x" * 600])
        gone.set()
        return await half, refused, await ask(app, "POST", "/echo/x", [b"x" * 600])

    half, refused, taken = asyncio.run(crowd())

    assert half.messages == []
    assert refused.status == 503
    assert refused.headers[b"connection"] == b"close"
    assert taken.status == 200


def test_body_that_does_not_end_is_refused() -> None:
    app = an_app(Bodies(seconds=0.05))

    answer = asyncio.run(ask(app, "POST", "/echo/x", [b"half"], unfinished=asyncio.Event()))

    assert answer.status == 408
