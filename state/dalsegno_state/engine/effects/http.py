"""HTTP: the call itself."""

from typing import Final

from dalsegno.models import JsonObject
from dalsegno_state.engine.effects.http_request import (
    body_of,
    confidential_parts,
    exchange_ms,
    header_of,
    headers_of,
    host_of,
    problem_of,
    timeout_ms,
)
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.events import Reported
from dalsegno_state.http_content import ContentError, json_or_text, text_of
from dalsegno_state.ports import HttpCallError, HttpClient, HttpReply, Ports

_MARGIN_MS: Final = 5_000


class HttpCall(Effect):
    """Makes the call of an HTTP task.

    A call is made at least once: one whose worker died is made again, with the same task id.
    """

    def __init__(self, ports: Ports, client: HttpClient) -> None:
        self._ports = ports
        self._client = client

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``: as long as the whole exchange may take."""
        return exchange_ms(_given(work.inputs)) + _MARGIN_MS

    def shared_by(self, work: Work) -> str:
        """See ``Effect.shared_by``: the host."""
        return host_of(_given(work.inputs))

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        response = self.answer(work)
        return response if isinstance(response, Reported) else work.effected({"response": response})

    def answer(self, work: Work) -> JsonObject | Reported:
        """Make the call; return the answer as tasks show it, or the report of its failure."""
        request = self.request(work)
        problem = problem_of(request)
        if problem is not None:
            return work.failed(problem)
        try:
            reply = self._send(request, confidential_parts(_given(work.inputs), request))
        except (HttpCallError, ContentError) as error:
            reason = f"Failed to invoke HTTP task due to: {error}"
            return work.failed(reason, output={"response": str(error)})
        response = _shown(reply)
        if 200 <= reply.status_code < 300:
            return response
        text = work.secrets.redactor().text(text_of(reply.body, _content_type(reply)))[:1000]
        reason = (
            f"Failed to invoke HTTP task due to: {reply.status_code} {reply.reason_phrase}: {text}"
        )
        return work.failed(reason, output={"response": response})

    def request(self, work: Work) -> JsonObject:
        """Return what to call, secrets included: for the call only, never to be stored."""
        revealed = work.secrets.reveal(_given(work.inputs))
        return revealed if isinstance(revealed, dict) else {}

    def _send(self, request: JsonObject, confidential: frozenset[str]) -> HttpReply:
        headers = headers_of(request)
        return self._client.request(
            str(request.get("method")).strip().upper(),
            str(request.get("uri")),
            headers=headers,
            body=body_of(request, headers),
            connect_timeout_seconds=timeout_ms(request, "connectionTimeOut") / 1000,
            read_timeout_seconds=timeout_ms(request, "readTimeOut") / 1000,
            exchange_timeout_seconds=exchange_ms(request) / 1000,
            confidential=confidential,
        )


def _given(inputs: JsonObject) -> JsonObject:
    given = inputs.get("http_request")
    return given if isinstance(given, dict) else inputs


def _shown(reply: HttpReply) -> JsonObject:
    headers: JsonObject = {name: list(values) for name, values in reply.headers.items()}
    return {
        "statusCode": reply.status_code,
        "reasonPhrase": reply.reason_phrase,
        "headers": headers,
        "body": json_or_text(reply.body, _content_type(reply)),
    }


def _content_type(reply: HttpReply) -> str:
    return header_of({name: values[0] for name, values in reply.headers.items()}, "content-type")
