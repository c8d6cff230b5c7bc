"""HTTP turned into gateway events and back, so that the local server runs Lambda's handlers."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeAlias, TypeVar

from dalsegno.errors import ConductorError
from dalsegno_functions.http import errors
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response, no_content
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Lane
from dalsegno_functions.local.bodies import Bodies, Message, Receive
from dalsegno_functions.local.client import Client
from dalsegno_functions.local.origin import Origins
from dalsegno_functions.local.pool import ThreadPool

C = TypeVar("C")

Send: TypeAlias = Callable[[Message], Awaitable[None]]

# Slow requests have threads of their own, so that they never hold up quick ones.
THREADS: Final = {Lane.QUICK: 64, Lane.POLL: 256, Lane.WAIT: 64}
_BODY_HEADERS: Final = frozenset({"content-length", "transfer-encoding"})
# Said to a client whose body is not read: what it still sends is no further request.
_CLOSE: Final = ((b"connection", b"close"),)


class GatewayApp:
    """An ASGI application that answers as ``router`` does.

    Args:
        router: Answers in threads.
        context: What its handlers share.
        origins: Refuses requests that pages of other sites make a browser send; None for none.
        bodies: Takes in the bodies of requests.
    """

    def __init__(
        self,
        router: Router[C],
        context: C,
        *,
        origins: Origins | None = None,
        bodies: Bodies | None = None,
    ) -> None:
        def answer(event: GatewayEvent, client: Client) -> Response:
            if client.has_left:  # while the request stood in line; nothing was promised yet
                return no_content()
            return router.answer(event, context, client)

        self._answer = answer
        self._route = router.route
        self._origins = origins
        self._bodies = bodies or Bodies()
        self._pools = {lane: ThreadPool(lane, size) for lane, size in THREADS.items()}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"not a request: {scope['type']}")
        headers = _headers(scope["headers"])
        path = scope["raw_path"].decode("latin-1")
        route = self._route(scope["method"], path)
        try:
            if self._origins is not None:
                self._origins.check(scope["method"], path, headers, route)
            has_body = not headers.keys().isdisjoint(_BODY_HEADERS)
            body = await self._bodies.read(receive, is_announced=has_body)
        except ConductorError as error:
            await _reply(send, errors.refuse(error), _CLOSE)
            return
        if body is None:
            return
        try:
            lane = Lane.QUICK if route is None else route.lane
            await self._exchange(_event(scope, headers, body), lane, receive, send)
        finally:
            self._bodies.release(body)

    async def _exchange(
        self, event: GatewayEvent, lane: Lane, receive: Receive, send: Send
    ) -> None:
        """Answer a request; if the client leaves before, end the wait and undo what it got."""
        client, sent = Client(), False
        answering = self._pools[lane].run(lambda: self._answer(event, client))
        watched = None if lane is Lane.QUICK else _watched(receive, client)
        try:
            response = await answering
            if client.needs_answer:
                watched = watched or _watched(receive, client)
                await asyncio.sleep(0)  # long enough to see that the client has left already
            if not client.has_left:
                await _reply(send, response)
                sent = True
        finally:
            if watched is not None:
                watched.cancel()
            if client.needs_answer and not sent:
                await self._pools[Lane.QUICK].run(client.undo)


def _watched(receive: Receive, client: Client) -> asyncio.Task[None]:
    """Return the task that tells a client's request when the client leaves."""

    async def watch() -> None:
        await receive()  # its body is complete: nothing else can come
        client.has_left = True

    return asyncio.get_running_loop().create_task(watch())


def _event(scope: Message, headers: dict[str, str], body: bytes) -> GatewayEvent:
    event: GatewayEvent = {
        "rawPath": scope["raw_path"].decode("latin-1"),
        "rawQueryString": scope["query_string"].decode("latin-1"),
        "headers": headers,
        "requestContext": {"http": {"method": scope["method"]}},
    }
    if body:
        try:
            event["body"] = body.decode()
        except UnicodeDecodeError:
            event["body"] = b64encode(body).decode()
            event["isBase64Encoded"] = True
    return event


def _headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def _reply(send: Send, response: Response, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    reply = response.to_event()
    body = response.content()
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in reply["headers"].items()
    ]
    headers += more
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
