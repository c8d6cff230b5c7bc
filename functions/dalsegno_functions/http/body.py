"""The JSON body of a request: declared once, read and documented from that."""

from collections.abc import Callable
from functools import cached_property
from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from dalsegno.errors import InvalidRequestError
from dalsegno.json_text import unicode_json
from dalsegno.models import JsonValue
from dalsegno_functions.http.request import Request

T = TypeVar("T")


class Body(Generic[T]):
    """A body of one type; ``of`` reads it from a request.

    Attributes:
        type: What it is read as.
        default: Makes the value of an empty body; without it, an empty body is refused.
        example: Shown in the API's description, if the type alone does not tell what it holds.
    """

    def __init__(
        self,
        type_: type[T],
        *,
        default: Callable[[], T] | None = None,
        example: JsonValue = None,
    ) -> None:
        self.type = type_
        self.default = default
        self.example = example

    @cached_property
    def adapter(self) -> TypeAdapter[T]:
        """The validator, built at its first use: most cold starts need only one of them."""
        return TypeAdapter(self.type)

    def of(self, request: Request) -> T:
        """Return the parsed body; raises InvalidRequestError if it is not what was declared."""
        body = unicode_json(request.body)
        if not body:
            if self.default is not None:
                return self.default()
            raise InvalidRequestError("the request needs a JSON body")
        try:
            value = self.adapter.validate_json(body)
        except ValidationError as error:
            raise _refusal(error) from None
        _check_numbers(body)
        return value


def _check_numbers(body: str | bytes) -> None:
    """Refuse NaN and infinities, which pydantic reads but JSON does not know."""
    text = body if isinstance(body, str) else body.decode()
    if "NaN" not in text and "Infinity" not in text:
        return
    try:
        from_json(text, allow_inf_nan=False)
    except ValueError:
        raise InvalidRequestError("the body is no JSON: NaN and Infinity are no numbers") from None


def _refusal(error: ValidationError) -> InvalidRequestError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":  # its input is the whole body: not to be echoed
        return InvalidRequestError(f"the body cannot be read: {first['msg']}")
    return InvalidRequestError.from_validation(error)
