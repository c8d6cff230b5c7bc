"""One HTTP response, on its way from a handler to a gateway."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias, TypedDict

from dalsegno.json_text import write_json
from dalsegno.models import ConductorModel

JSON = "application/json"
TEXT = "text/plain;charset=utf-8"
HTML = "text/html;charset=utf-8"

Wire: TypeAlias = object
"""What can be answered as JSON: models, and maps, sequences and scalars of them."""


class GatewayReply(TypedDict):
    """A reply in payload format 2.0 of API Gateway's HTTP APIs."""

    statusCode: int
    headers: dict[str, str]
    body: str
    isBase64Encoded: bool


@dataclass(frozen=True, slots=True)
class Response:
    """What a handler answers.

    Attributes:
        headers: Names in lower case.
    """

    status: int = 200
    content_type: str | None = None
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_event(self) -> GatewayReply:
        """Return the reply for the gateway; an empty one says so in ``content-length``.

        Conductor's JavaScript SDK takes an answer without content for a stream unless it
        carries that header.
        """
        headers = dict(self.headers)
        if self.content_type is not None:
            headers["content-type"] = self.content_type
        if not self.body and self.status != 204:
            headers.setdefault("content-length", "0")
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": self.body if isinstance(self.body, str) else b64encode(self.body).decode(),
            "isBase64Encoded": isinstance(self.body, bytes),
        }

    def content(self) -> bytes:
        """Return the body as it goes over the wire."""
        return self.body.encode() if isinstance(self.body, str) else self.body


_PAGE_HEADERS: Final = {
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_INLINE: Final = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)

_EMPTY = Response()
_NO_CONTENT = Response(204)


def json(value: Wire, status: int = 200) -> Response:
    """Return an answer that carries ``value`` as JSON."""
    return Response(status, JSON, encode(value).decode())


def text(value: str, status: int = 200) -> Response:
    """Return an answer that carries plain text, such as an id."""
    return Response(status, TEXT, value)


def html(page: str) -> Response:
    """Return an answer that carries a page, whose scripts and styles are within it.

    The browser runs no others, and shows it in no frame of another page.
    """
    return Response(200, HTML, page, {**_PAGE_HEADERS, "content-security-policy": _policy(page)})


@cache
def _policy(page: str) -> str:
    """Return the content security policy of one of our pages."""
    allowed: dict[str, list[str]] = {"script": [], "style": []}
    for kind, content in _INLINE.findall(page):
        digest = b64encode(hashlib.sha256(content.encode()).digest()).decode()
        allowed[kind].append(f"'sha256-{digest}'")
    sources = (f"{kind}-src {' '.join(hashes)}" for kind, hashes in allowed.items() if hashes)
    return "; ".join(
        (
            "default-src 'none'",
            *sources,
            "connect-src 'self'",
            "img-src 'self' data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def empty() -> Response:
    """Return an answer without content: 200, as Conductor has it for most commands."""
    return _EMPTY


def no_content() -> Response:
    """Return an answer without content: 204."""
    return _NO_CONTENT


def redirect(location: str) -> Response:
    """Return an answer that sends the client elsewhere."""
    return Response(307, headers={"location": location})


def encode(value: Wire) -> bytes:
    """Return ``value`` as JSON; models go straight to bytes, without a copy as dictionaries."""
    if isinstance(value, ConductorModel):
        return value.to_wire_json()
    if isinstance(value, Mapping):
        return b"{%b}" % b",".join(
            b"%b:%b" % (write_json(str(key)), encode(member)) for key, member in value.items()
        )
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return b"[%b]" % b",".join(map(encode, value))
    return write_json(value)
