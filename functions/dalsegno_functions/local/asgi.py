"""HTTP turned into gateway events and back, so that the local server runs Lambda's handlers."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, TypeAlias, TypeVar

from dalsegno_functions.http import errors
from dalsegno_functions.http.event import MAX_BODY_BYTES, GatewayEvent, too_large
from dalsegno_functions.http.response import Response
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Lane
from dalsegno_functions.local.pool import ThreadPool

C = TypeVar("C")

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]

# Slow requests have threads of their own, so that they never hold up quick ones.
THREADS: Final = {Lane.QUICK: 64, Lane.POLL: 256, Lane.WAIT: 64}


class GatewayApp:
    """An ASGI application that answers as ``router`` does."""

    def __init__(self, router: Router[C], context: C) -> None:
        self._answer: Callable[[GatewayEvent], Response] = lambda event: router.answer(
            event, context
        )
        self._lane = router.lane
        self._pools = {lane: ThreadPool(lane, size) for lane, size in THREADS.items()}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            raise ValueError(f"not a request: {scope['type']}")
        body = await _body(receive)
        if body is None:
            return
        if len(body) > MAX_BODY_BYTES:
            await _reply(send, errors.refuse(too_large()))
            return
        event = _event(scope, body)
        pool = self._pools[self._lane(scope["method"], event["rawPath"])]
        await _reply(send, await pool.run(lambda: self._answer(event)))


async def _body(receive: Receive) -> bytes | None:
    """Return the body, or so much of it that it is too large; None if the client has left."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body"):
        return body
    chunks, size = [body], len(body)
    while message["type"] == "http.request":
        if not message.get("more_body") or size > MAX_BODY_BYTES:
            return b"".join(chunks)
        message = await receive()
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
    return None


def _event(scope: Message, body: bytes) -> GatewayEvent:
    event: GatewayEvent = {
        "rawPath": scope["raw_path"].decode("latin-1"),
        "rawQueryString": scope["query_string"].decode("latin-1"),
        "headers": _headers(scope["headers"]),
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


async def _reply(send: Send, response: Response) -> None:
    reply = response.to_event()
    body = response.content()
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in reply["headers"].items()
    ]
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
