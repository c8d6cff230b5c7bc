"""Parameters in paths, query strings and headers: declared once, read and documented from that."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonObject, JsonValue
from dalsegno_functions.http.request import Request

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
E = TypeVar("E", bound=StrEnum)

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})

_LONGEST_HEADER: Final = 256


@dataclass(frozen=True, slots=True)
class Kind(Generic[T_co]):
    """How one value is read from text.

    Attributes:
        parse: Returns the value; raises ValueError, saying what was expected.
        schema: Its JSON schema.
    """

    parse: Callable[[str], T_co]
    schema: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter(Generic[T_co]):
    """A parameter of a route; ``of`` reads it from a request.

    Attributes:
        of: Returns the value; raises InvalidRequestError if it is malformed, missing, or given
            twice with different values.
        headers: Names of request headers that carry the same value; clients differ in the place.
        has_effect: False for a parameter that clients send and that changes nothing here.
    """

    name: str
    place: Literal["path", "query"]
    of: Callable[[Request], T_co]
    schema: JsonObject
    required: bool = False
    description: str = ""
    headers: tuple[str, ...] = ()
    has_effect: bool = True


def _parse_int(text: str) -> int:
    if not (text.isascii() and text.lstrip("+-").isdigit() and len(text) <= 20):
        raise ValueError("a whole number")
    return int(text)


def _parse_flag(text: str) -> bool:
    lowered = text.lower()  # Conductor's Python SDK sends True and False
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("true or false")


TEXT: Kind[str] = Kind(str, {"type": "string"})
FLAG: Kind[bool] = Kind(_parse_flag, {"type": "boolean"})


def whole(minimum: int = -(2**31), maximum: int = 2**31 - 1) -> Kind[int]:
    """Return the kind of whole numbers in a range, by default those of Conductor: 32 bits."""

    def parse(text: str) -> int:
        number = _parse_int(text)
        if not minimum <= number <= maximum:
            raise ValueError(f"a whole number from {minimum} to {maximum}")
        return number

    return Kind(parse, {"type": "integer", "minimum": minimum, "maximum": maximum})


EPOCH_MILLIS: Final = whole(0, 253_402_300_799_999)  # the last millisecond of the year 9999


def _parse_header_text(text: str) -> str:
    if not (text.isascii() and text.isprintable() and len(text) <= _LONGEST_HEADER):
        raise ValueError(f"at most {_LONGEST_HEADER} printable ASCII characters")
    return text


HEADER_TEXT: Kind[str] = Kind(
    _parse_header_text,
    {"type": "string", "maxLength": _LONGEST_HEADER, "pattern": "^[ -~]*$"},
)
"""Text that comes back in a header of the answer."""


def word(words: type[E]) -> Kind[E]:
    """Return the kind of an enumeration's values, spelled exactly."""

    def parse(text: str) -> E:
        try:
            return words(text)
        except ValueError:
            raise ValueError(f"one of {', '.join(words)}") from None

    return Kind(parse, {"type": "string", "enum": [each.value for each in words]})


def _convert(name: str, kind: Kind[T], text: str) -> T:
    try:
        return kind.parse(text)
    except ValueError as error:
        raise InvalidRequestError(f"{name}: expected {error}, got {text[:200]!r}") from None


def _values(request: Request, name: str) -> list[str]:
    # An empty value means the parameter was not given: SDKs send `waitUntilTaskRef=`.
    return [value for value in request.query.get(name, ()) if value]


def _value(request: Request, name: str, headers: tuple[str, ...]) -> str | None:
    """Return the one value of a parameter, wherever it is; None if it is not given."""
    in_headers = (request.headers.get(header.lower(), "") for header in headers)
    given = {*_values(request, name), *filter(None, in_headers)}
    if len(given) > 1:
        told = " and ".join(sorted(repr(value[:100]) for value in given))
        places = f"{name} (or header {' or '.join(headers)})" if headers else name
        raise InvalidRequestError(f"{places}: expected one value, got {told}")
    return next(iter(given), None)


def path(name: str, kind: Kind[T], description: str = "") -> Parameter[T]:
    """Return a variable of the path."""
    return Parameter(
        name=name,
        place="path",
        of=lambda request: _convert(name, kind, request.path[name]),
        schema=kind.schema,
        required=True,
        description=description,
    )


def required(name: str, kind: Kind[T], description: str = "") -> Parameter[T]:
    """Return a query parameter that must be given."""

    def read(request: Request) -> T:
        value = _value(request, name, ())
        if value is None:
            raise InvalidRequestError(f"query parameter {name} is required")
        return _convert(name, kind, value)

    return Parameter(
        name=name,
        place="query",
        of=read,
        schema=kind.schema,
        required=True,
        description=description,
    )


def optional(
    name: str, kind: Kind[T], description: str = "", *, headers: tuple[str, ...] = ()
) -> Parameter[T | None]:
    """Return a query parameter that is None unless given."""

    def read(request: Request) -> T | None:
        value = _value(request, name, headers)
        return None if value is None else _convert(name, kind, value)

    return Parameter(
        name=name,
        place="query",
        of=read,
        schema=kind.schema,
        description=description,
        headers=headers,
    )


def defaulted(
    name: str,
    kind: Kind[T],
    default: T,
    description: str = "",
    *,
    headers: tuple[str, ...] = (),
) -> Parameter[T]:
    """Return a query parameter that has a default."""

    def read(request: Request) -> T:
        value = _value(request, name, headers)
        return default if value is None else _convert(name, kind, value)

    shown: JsonValue = default if isinstance(default, bool | int | str) else None
    return Parameter(
        name=name,
        place="query",
        of=read,
        schema={**kind.schema, "default": shown},
        description=description,
        headers=headers,
    )


def without_effect(name: str, why: str) -> Parameter[None]:
    """Return a query parameter that clients send and that changes nothing here.

    Declaring it keeps clients that send it working, and tells their authors why.
    """
    return Parameter(
        name=name,
        place="query",
        of=lambda _request: None,
        schema={"type": "string"},
        description=f"Has no effect: {why}",
        has_effect=False,
    )


def fixed(name: str, kind: Kind[T], value: T, why: str) -> Parameter[None]:
    """Return a query parameter that clients may send with one value only; others are refused."""

    def read(request: Request) -> None:
        given = _value(request, name, ())
        if given is not None and _convert(name, kind, given) != value:
            raise InvalidRequestError(f"{name}: {given[:100]!r} is not supported: {why}")

    shown: JsonValue = value if isinstance(value, bool | int | str) else None
    return Parameter(
        name=name,
        place="query",
        of=read,
        schema={**kind.schema, "enum": [shown]},
        description=f"No other value is supported: {why}",
        has_effect=False,
    )


def repeated(
    name: str, kind: Kind[T], description: str = "", *, at_least: int = 0
) -> Parameter[tuple[T, ...]]:
    """Return a query parameter that may be given any number of times."""

    def read(request: Request) -> tuple[T, ...]:
        values = _values(request, name)
        if len(values) < at_least:
            raise InvalidRequestError(f"query parameter {name} is required")
        return tuple(_convert(name, kind, value) for value in values)

    return Parameter(
        name=name,
        place="query",
        of=read,
        schema={"type": "array", "items": kind.schema},
        required=at_least > 0,
        description=description,
    )
