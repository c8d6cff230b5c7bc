"""What answers mean that are no success, and what it means that there is none."""

import json
from collections.abc import Sequence
from typing import Final

import httpx
from pydantic import TypeAdapter, ValidationError

from dalsegno import errors
from dalsegno.client.call import Call, T
from dalsegno.client.violations import refused
from dalsegno.errors import ConductorError, UnavailableError
from dalsegno.models import ValidationErrorItem

_BY_STATUS: Final = {
    kind.status: kind
    for kind in (
        errors.UnauthorizedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.MethodNotAllowedError,
        errors.ConflictError,
        errors.PayloadTooLargeError,
        errors.TooManyRequestsError,
        errors.UnavailableError,
    )
}
_GATEWAY_STATUSES: Final = frozenset({502, 504})
_MOST_SHOWN_CHARS: Final = 500


class UnreadableAnswerError(ConductorError):
    """What answered is not the API: a proxy's page, or another version's object."""

    status = 502


def result_of(call: Call[T], response: httpx.Response) -> T:
    """Return what an answer that is a success comes to. Raises UnreadableAnswerError."""
    if call.is_for_the_api and response.headers.get("Content-Type", "").startswith("text/html"):
        raise _noted(call, response, UnreadableAnswerError(_not_the_api(response)))
    try:
        return call.read(response.content)
    except (ValidationError, UnicodeDecodeError) as error:
        unreadable = UnreadableAnswerError(f"{_not_the_api(response)}\n{error}")
        raise _noted(call, response, unreadable) from error


def error_of(call: Call[object], response: httpx.Response) -> ConductorError:
    """Return the error that an answer tells of; a note on it names the request."""
    return _noted(call, response, _error(response))


def is_of_the_api(response: httpx.Response) -> bool:
    """Return whether the API itself refused, and not a gateway or a proxy before it."""
    return "status" in _told(response)


def unreachable(call: Call[object], url: str, error: httpx.RequestError) -> UnavailableError:
    """Return the error of a request that nobody has answered."""
    unavailable = UnavailableError(_why_unreachable(url, error))
    effect = "may be made again" if call.repeatable else "may have had its effect or not"
    unavailable.add_note(f"{call} {effect}")
    return unavailable


def _noted(call: Call[object], response: httpx.Response, error: ConductorError) -> ConductorError:
    error.add_note(f"{call} was answered {response.status_code}")
    return error


def _error(response: httpx.Response) -> ConductorError:
    status, message = response.status_code, _message(response)
    if status in _BY_STATUS:
        return _BY_STATUS[status](message)
    if status in _GATEWAY_STATUSES:
        return UnavailableError(message)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ConductorError(message)
    if response.has_redirect_location:
        return ConductorError(f"is at {response.headers['Location']} now: use that URL")
    return refused(message, _validation_errors(response))


def _message(response: httpx.Response) -> str:
    """Return what an answer says: the API's words, or those of a gateway before it."""
    told = _told(response)
    message = told.get("message") or told.get("Message") or response.text[:_MOST_SHOWN_CHARS]
    return str(message) or response.reason_phrase


def _told(response: httpx.Response) -> dict[str, object]:
    try:
        told = response.json()
    except ValueError:  # no JSON, or not even text
        return {}
    return told if isinstance(told, dict) else {}


_ITEMS: Final = TypeAdapter(list[ValidationErrorItem])


def _validation_errors(response: httpx.Response) -> Sequence[ValidationErrorItem]:
    try:
        return _ITEMS.validate_python(_told(response).get("validationErrors") or [])
    except ValidationError:
        return []


def _not_the_api(response: httpx.Response) -> str:
    shown = json.dumps(response.text[:_MOST_SHOWN_CHARS])
    return f"{response.url.host} gave an answer that is not the API's: {shown}"


def _why_unreachable(url: str, error: httpx.RequestError) -> str:
    match error:
        case httpx.ConnectError() | httpx.ProxyError():
            return f"cannot reach {url}: {error}. Is it running, and is the URL right?"
        case httpx.TimeoutException():
            return f"{url} {_what_timed_out(error)}"
        case _:
            return f"{url} gave no answer: {error or type(error).__name__}"


def _what_timed_out(error: httpx.TimeoutException) -> str:
    seconds = error.request.extensions["timeout"]
    match error:
        case httpx.ConnectTimeout():
            return f"took no connection within {seconds['connect']:g} seconds"
        case httpx.WriteTimeout():
            return f"took no more of the request for {seconds['write']:g} seconds"
        case httpx.PoolTimeout():
            return f"had no connection to spare for {seconds['pool']:g} seconds"
        case _:
            return f"gave no answer within {seconds['read']:g} seconds"
