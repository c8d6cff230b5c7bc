"""Bounds what a function answers: Lambda refuses more, and then the client learns nothing."""

from dataclasses import replace
from json import dumps
from typing import Final, TypeVar

from dalsegno.errors import PayloadTooLargeError
from dalsegno_functions.http import errors
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import GatewayReply, Response
from dalsegno_functions.http.router import Router

C = TypeVar("C")

MAX_REPLY_BYTES: Final = 6_291_556

# As JSON, one byte of text becomes six at most, such as \u0001.
_SURELY_FITS_BYTES: Final = MAX_REPLY_BYTES // 6 - 10_000
_READS: Final = frozenset({"GET", "HEAD"})
_HINTS: Final = {
    "includeTasks": "includeTasks=false leaves the tasks out, and "
    "GET /api/workflow/{workflowId}/tasks?start=0&count=100 lists them page by page",
    "includeOutput": "includeOutput=false leaves the output out",
    "includeVariables": "includeVariables=false leaves the variables out",
    "count": "a smaller count makes the page smaller",
    "size": "a smaller size makes the page smaller",
}
_ELSE: Final = "ask for fewer at once, or for a workflow by GET /api/workflow/{workflowId}"


def fitting(response: Response, router: Router[C], event: GatewayEvent) -> GatewayReply:
    """Return the reply that carries a response; what is too large is answered 413 instead.

    Text that grows too long by the escapes of JSON goes as base64.
    """
    reply = response.to_event()
    if len(response.body) <= _SURELY_FITS_BYTES or _fits(reply):
        return reply
    content = response.content()
    encoded = replace(response, body=content).to_event()
    if _fits(encoded):
        return encoded
    message = f"The answer would have {len(content)} bytes, more than a Lambda function can send: "
    said = PayloadTooLargeError(message + _hint(router, event))
    return errors.refuse(said).to_event()


def _fits(reply: GatewayReply) -> bool:
    return len(dumps(reply)) <= MAX_REPLY_BYTES


def _hint(router: Router[C], event: GatewayEvent) -> str:
    """Return how to ask for less, and whether the request has taken effect."""
    method = event["requestContext"]["http"]["method"]
    if method not in _READS:
        read = "GET /api/workflow/{workflowId}?includeTasks=false"
        return f"{_ELSE}. What was asked for is done; read what came of it by {read}"
    route = router.route(method, event["rawPath"])
    declared = () if route is None else route.parameters
    hints = [_HINTS[each.name] for each in declared if each.name in _HINTS]
    return "; ".join(hints) or _ELSE
