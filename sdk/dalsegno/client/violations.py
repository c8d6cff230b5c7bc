"""Requests that break rules, with what is wrong where a reader sees it."""

from collections.abc import Sequence

from pydantic import ValidationError

from dalsegno.errors import InvalidRequestError
from dalsegno.models import ValidationErrorItem


def refused(message: str, items: Sequence[ValidationErrorItem]) -> InvalidRequestError:
    """Return the error that shows each violation on a line of its own."""
    lines = "".join(f"\n  {item.path}: {item.message}" for item in items)
    return InvalidRequestError(message + lines, items)


def never_sent(error: ValidationError) -> InvalidRequestError:
    """Return the error of a request that is not even sent, for it would be refused."""
    found = InvalidRequestError.from_validation(error)
    return refused("the request was not sent", found.validation_errors)
