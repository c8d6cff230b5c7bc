"""The request of an HTTP task, as its input describes it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from pydantic_core import to_json

from dalsegno.models import JsonObject, JsonValue
from dalsegno_state.http_content import written
from dalsegno_state.whole_numbers import whole_number

_JSON: Final = "application/json"
_TIMEOUTS: Final = ("connectionTimeOut", "readTimeOut")
_DEFAULT_TIMEOUT_MS: Final = 3_000
# An answer may flow for so long beyond both timeouts, redirects included.
_FLOW_MS: Final = 60_000
# Shorter than a Lambda function lives, so that the end is reported.
_MAX_EXCHANGE_MS: Final = 14 * 60_000


def problem_of(request: JsonObject) -> str | None:
    """Return why a request cannot be made, or None."""
    if not request.get("uri"):
        return "Missing HTTP URI.  Give the task an inputParameters.uri or http_request.uri"
    if not request.get("method"):
        return "No HTTP method specified"
    for name in _TIMEOUTS:
        value = request.get(name)
        if value not in (None, "") and whole_number(value) is None:
            shown = to_json(value).decode()[:100]
            return f"{name} should be a whole number of milliseconds, not {shown}"
    return None


def headers_of(request: JsonObject) -> dict[str, str]:
    """Return the headers to send, those that the task leaves out included."""
    given = request.get("headers")
    headers = {
        str(name): _header_text(value)
        for name, value in (given.items() if isinstance(given, Mapping) else ())
        if value is not None
    }
    names = {name.strip().lower() for name in headers}
    if "content-type" not in names and request.get("body") is not None:
        headers["Content-Type"] = str(request.get("contentType") or _JSON)
    if "accept" not in names:
        headers["Accept"] = _accept(request.get("accept"))
    return headers


def body_of(request: JsonObject, headers: Mapping[str, str]) -> bytes | None:
    """Return the body to send, None for none; text is sent in the charset of its content type.

    Raises:
        ContentError: The charset lacks a letter of it.
    """
    body = request.get("body")
    if body is None:
        return None
    if not isinstance(body, str):
        return to_json(body)
    return written(body, header_of(headers, "content-type"))


def header_of(headers: Mapping[str, str], wanted: str) -> str:
    """Return the value of a header whose name is given in lower case; empty if there is none."""
    found = (value for name, value in headers.items() if name.strip().lower() == wanted)
    return next(found, "")


def timeout_ms(request: JsonObject, name: str) -> int:
    """Return ``connectionTimeOut`` or ``readTimeOut``; 0 is no limit but that of the exchange."""
    value = whole_number(request.get(name))
    return _DEFAULT_TIMEOUT_MS if value is None else min(value, _MAX_EXCHANGE_MS)


def exchange_ms(request: JsonObject) -> int:
    """Return how long the whole exchange may take, from the name's lookup to the last byte."""
    connect_ms, read_ms = (timeout_ms(request, name) for name in _TIMEOUTS)
    if 0 in (connect_ms, read_ms):
        return _MAX_EXCHANGE_MS
    return min(connect_ms + read_ms + _FLOW_MS, _MAX_EXCHANGE_MS)


def confidential_parts(given: JsonObject, revealed: JsonObject) -> frozenset[str]:
    """Return the headers, in lower case, and ``body``, that secrets were put into."""
    before, after = given.get("headers"), revealed.get("headers")
    names = {
        str(name).strip().lower()
        for name, value in (after.items() if isinstance(after, Mapping) else ())
        if not isinstance(before, Mapping) or before.get(name) != value
    }
    if given.get("body") != revealed.get("body"):
        names.add("body")
    return frozenset(names)


def host_of(request: JsonObject) -> str:
    """Return whose host is called, as far as that is known; empty if it is not."""
    try:
        return urlsplit(str(request.get("uri"))).hostname or ""
    except ValueError:
        return ""


def _header_text(value: JsonValue) -> str:
    if isinstance(value, list):
        return ",".join(map(_header_text, value))
    return value if isinstance(value, str) else to_json(value).decode()


def _accept(accept: JsonValue) -> str:
    if isinstance(accept, list):
        return ", ".join(map(str, accept)) or _JSON
    return str(accept) if accept else _JSON
