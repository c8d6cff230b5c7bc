"""What answers mean that are no success."""

from typing import Final

import httpx
from pydantic import ValidationError

from dalsegno import errors
from dalsegno.client.call import Call
from dalsegno.errors import ConductorError, InvalidRequestError, UnavailableError
from dalsegno.models import ErrorResponse

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
_MOST_SHOWN_CHARS: Final = 500


def error_of(call: Call[object], response: httpx.Response) -> ConductorError:
    """Return the error that an answer tells of; a note on it names the request."""
    error = _error(response)
    error.add_note(f"{call} was answered {response.status_code}")
    return error


def _error(response: httpx.Response) -> ConductorError:
    status = response.status_code
    try:
        told = ErrorResponse.model_validate_json(response.content)
    except ValidationError:  # a proxy's answer, or a gateway's
        told = ErrorResponse(status=status, message=response.text[:_MOST_SHOWN_CHARS])
    message = told.message or response.reason_phrase
    if status in _BY_STATUS:
        return _BY_STATUS[status](message)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        gateway = status in {httpx.codes.BAD_GATEWAY, httpx.codes.GATEWAY_TIMEOUT}
        return UnavailableError(message) if gateway else ConductorError(message)
    items = told.validation_errors or []
    if items:
        message += "".join(f"\n  {item.path}: {item.message}" for item in items)
    return InvalidRequestError(message, items)


def unreachable(call: Call[object], url: str, error: httpx.TransportError) -> UnavailableError:
    """Return the error of a request that nobody has answered."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        message = f"cannot reach {url}: {error}. Is it running, and is the URL right?"
    else:
        message = f"{url} gave no answer: {error!r}"
    unavailable = UnavailableError(message)
    effect = "may be made again" if call.repeatable else "may have had its effect or not"
    unavailable.add_note(f"{call} {effect}")
    return unavailable
