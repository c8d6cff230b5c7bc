"""Refuses payloads of requests that could not be stored and read again."""

from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonValue
from dalsegno_state.draft import depth_fault


def check_depth(payload: JsonValue, what: str) -> None:
    """Raise InvalidRequestError, naming ``what``, if a payload has too many levels."""
    fault = depth_fault(payload, what)
    if fault is not None:
        raise InvalidRequestError(fault)
