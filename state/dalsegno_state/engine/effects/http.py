"""HTTP: the call itself."""

import json
from collections.abc import Mapping
from typing import Final

from pydantic_core import from_json, to_json

from dalsegno.models import JsonObject, JsonValue
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.events import Reported
from dalsegno_state.ports import HttpCallError, HttpClient, HttpReply, Ports

_DEFAULT_TIMEOUT_MS: Final = 3_000
_LONGEST_TIMEOUT_MS: Final = 15 * 60_000
_MARGIN_MS: Final = 5_000


class HttpCall(Effect):
    """Makes the call of an HTTP task.

    A call is made at least once: one whose worker died is made again, with the same task id.
    """

    def __init__(self, ports: Ports, client: HttpClient) -> None:
        self._ports = ports
        self._client = client

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``: as long as a call with its timeouts may take."""
        request = self.request(work)
        both = _timeout_ms(request, "connectionTimeOut") + _timeout_ms(request, "readTimeOut")
        return both + _MARGIN_MS

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        response = self.answer(work)
        return response if isinstance(response, Reported) else work.effected({"response": response})

    def answer(self, work: Work) -> JsonObject | Reported:
        """Make the call; return the answer as tasks show it, or the report of its failure."""
        request = self.request(work)
        problem = _problem(request)
        if problem is not None:
            return work.failed(problem)
        try:
            reply = self._send(request)
        except HttpCallError as error:
            reason = f"Failed to invoke HTTP task due to: {error}"
            return work.failed(reason, output={"response": str(error)})
        response = _shown(reply)
        if 200 <= reply.status_code < 300:
            return response
        text = work.secrets.redactor().text(reply.body.decode(errors="replace"))[:1000]
        reason = (
            f"Failed to invoke HTTP task due to: {reply.status_code} {reply.reason_phrase}: {text}"
        )
        return work.failed(reason, output={"response": response})

    def request(self, work: Work) -> JsonObject:
        """Return what to call, secrets included: for the call only, never to be stored."""
        given = work.inputs.get("http_request")
        request = given if isinstance(given, dict) else work.inputs
        revealed = work.secrets.reveal(request)
        return revealed if isinstance(revealed, dict) else {}

    def _send(self, request: JsonObject) -> HttpReply:
        headers = _headers(request)
        body = _body(request.get("body"))
        if body is not None:
            headers.setdefault("Content-Type", str(request.get("contentType") or _JSON))
        headers.setdefault("Accept", _accept(request.get("accept")))
        return self._client.request(
            str(request.get("method")).upper(),
            str(request.get("uri")),
            headers=headers,
            body=body,
            connect_timeout_seconds=_timeout_ms(request, "connectionTimeOut") / 1000,
            read_timeout_seconds=_timeout_ms(request, "readTimeOut") / 1000,
        )


_JSON: Final = "application/json"


def _problem(request: JsonObject) -> str | None:
    if not request.get("uri"):
        return "Missing HTTP URI.  Give the task an inputParameters.uri or http_request.uri"
    if not request.get("method"):
        return "No HTTP method specified"
    return None


def _shown(reply: HttpReply) -> JsonObject:
    headers: JsonObject = {name: list(values) for name, values in reply.headers.items()}
    return {
        "statusCode": reply.status_code,
        "reasonPhrase": reply.reason_phrase,
        "headers": headers,
        "body": _parsed(reply.body),
    }


def _parsed(body: bytes) -> JsonValue:
    """Return a body as JSON if it is JSON, as Conductor reads it, else as text; None if empty.

    A bare number becomes a double and a bare boolean its text.
    """
    if not body:
        return None
    try:
        value: JsonValue = from_json(body, allow_inf_nan=False)
        if isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        json.dumps(value, allow_nan=False)
    except (ValueError, OverflowError):  # no JSON, or a number that is too large for a double
        return body.decode(errors="replace")
    return ("true" if value else "false") if isinstance(value, bool) else value


def _headers(request: JsonObject) -> dict[str, str]:
    given = request.get("headers")
    if not isinstance(given, Mapping):
        return {}
    return {
        str(name): ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in given.items()
        if value is not None
    }


def _body(body: JsonValue) -> bytes | None:
    if body is None:
        return None
    return body.encode() if isinstance(body, str) else to_json(body)


def _accept(accept: JsonValue) -> str:
    if isinstance(accept, list):
        return ", ".join(map(str, accept)) or _JSON
    return str(accept) if accept else _JSON


def _timeout_ms(request: JsonObject, name: str) -> int:
    value = request.get(name)
    is_number = isinstance(value, (int, float, str)) and str(value).strip().isdigit()
    return min(int(str(value)), _LONGEST_TIMEOUT_MS) if is_number else _DEFAULT_TIMEOUT_MS
