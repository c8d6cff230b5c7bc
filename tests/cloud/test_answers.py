"""A function answers no more than Lambda carries, whatever a handler would answer."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dalsegno_functions import api, poll, wiring
from dalsegno_functions.http.answer_limit import MAX_REPLY_BYTES
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import GatewayReply, Response
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Route
from dalsegno_state.engine.answer_size import MAX_BYTES

LIMIT = 6_291_556  # of an answer, as JSON; see the quotas of Lambda

FUNCTIONS: dict[str, Any] = {"api": api, "poll": poll}
ROUTES = [(name, route) for name, module in FUNCTIONS.items() for route in module.API.routes]
CONTENTS: dict[str, Callable[[], str | bytes]] = {
    "text": lambda: "x" * 7_000_000,
    "quotes": lambda: '"' * 6_000_000,
    "control characters": lambda: "\x01" * 5_000_000,
    "bytes": lambda: b"x" * 5_000_000,
}


def _invoke(
    monkeypatch: pytest.MonkeyPatch, name: str, route: Route[Any], body: str | bytes
) -> GatewayReply:
    """Return what a function replies if the handler of a route answers with a body."""

    def handle(_request: object, _engine: object) -> Response:
        return Response(200, "application/json", body)

    module = FUNCTIONS[name]
    large = replace(route, handle=handle, parameters=tuple(_optional(route)), takes_any_query=True)
    monkeypatch.setattr(module, "API", Router([large]))
    monkeypatch.setattr(wiring, "engine", lambda: None)
    event: GatewayEvent = {
        "rawPath": route.path.replace("{", "").replace("}", ""),
        "requestContext": {"http": {"method": route.method}},
    }
    reply: GatewayReply = module.handler(event, None)
    return reply


def _optional(route: Route[Any]) -> list[Any]:
    return [each for each in route.parameters if each.place == "query" and not each.required]


@pytest.mark.parametrize(
    ("name", "route"),
    [pytest.param(*each, id=f"{each[1].method} {each[1].path}") for each in ROUTES],
)
def test_no_route_answers_more_than_lambda_carries(
    monkeypatch: pytest.MonkeyPatch, name: str, route: Route[Any]
) -> None:
    reply = _invoke(monkeypatch, name, route, "x" * 7_000_000)

    assert len(json.dumps(reply)) <= LIMIT
    assert reply["statusCode"] == 413
    said = json.loads(reply["body"])
    assert (said["status"], said["retryable"]) == (413, False)
    assert (
        "ask for" in said["message"] or "leaves" in said["message"] or "smaller" in said["message"]
    )
    assert ("is done" in said["message"]) == (route.method != "GET")


@pytest.mark.parametrize("content", CONTENTS)
def test_every_kind_of_content_is_bounded(monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    reply = _invoke(monkeypatch, "api", api.API.routes[0], CONTENTS[content]())

    assert len(json.dumps(reply)) <= LIMIT


@pytest.mark.parametrize("character", ["x", '"', "\x01", "é", "🎻"])
def test_what_polls_hand_out_is_always_carried(
    monkeypatch: pytest.MonkeyPatch, character: str
) -> None:
    body = character * (MAX_BYTES // len(character.encode()))

    reply = _invoke(monkeypatch, "poll", poll.API.routes[0], body)

    assert reply["statusCode"] == 200
    assert len(json.dumps(reply)) <= LIMIT
    sent = base64.b64decode(reply["body"]).decode() if reply["isBase64Encoded"] else reply["body"]
    assert sent == body


def test_limit_is_that_of_lambda() -> None:
    assert MAX_REPLY_BYTES == LIMIT
