"""A call of the API as data: what is asked, and how the answer is read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter

from dalsegno.errors import InvalidRequestError
from dalsegno.json_text import unicode_text, write_json
from dalsegno.models import ConductorModel

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

QueryValue: TypeAlias = str | int | bool | Sequence[str] | None

JSON: Final = "application/json"
TEXT: Final = "text/plain"


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """One request, and what its answer means.

    Attributes:
        path: Below the URL of the API, with its variable parts quoted; or a whole URL that was
            signed for whoever has it.
        read: Makes the result of the body of an answer that is a success.
        query: Values that are None are left out.
        body: What is sent, if anything.
        repeatable: Whether asking twice does what asking once does, so that a request whose
            answer got lost is made again.
        wait_seconds: How long the server may hold its answer back on purpose.
    """

    method: str
    path: str
    read: Callable[[bytes], T_co]
    query: Mapping[str, QueryValue] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = JSON
    repeatable: bool = False
    wait_seconds: float = 0

    @property
    def target(self) -> str:
        """Path and query as they are sent: percent-encoded as AWS signs them."""
        pairs = "&".join(
            f"{quote(name, safe='')}={quote(text, safe='')}"
            for name, value in self.query.items()
            if value is not None
            for text in _texts(value)
        )
        return f"{self.path}?{pairs}" if pairs else self.path

    @property
    def is_for_the_api(self) -> bool:
        """False if the path is the URL of another place, which is not shown who asks."""
        return self.path.startswith("/")

    def __str__(self) -> str:
        """Return method and path, as error messages name a request."""
        return f"{self.method} {self.path.partition('?')[0]}"


def _texts(value: str | int | bool | Sequence[str]) -> Sequence[str]:
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (str(value),) if isinstance(value, str | int) else value


def path(template: str, *parts: str | int) -> str:
    """Return a path with its ``{}`` filled in, each quoted so that it stays one part.

    Raises:
        InvalidRequestError: A part is empty or only dots: the path would be that of another call.
    """
    for part in parts:
        if part in {"", ".", ".."}:
            raise InvalidRequestError(
                f"{part!r} is no name and no id: it cannot stand in {template}"
            )
    return template.format(*(quote(str(part), safe="") for part in parts))


def reads(kind: type[T]) -> Callable[[bytes], T]:
    """Return what reads a JSON body as something of a type."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate_json
    described: Any = kind  # a cache does not believe that every type has a hash
    return lambda body: _adapter(described).validate_json(body)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def reads_text(body: bytes) -> str:
    """Return a body that is plain text."""
    return body.decode()


def reads_bytes(body: bytes) -> bytes:
    """Return a body as it is."""
    return body


def reads_nothing(body: bytes) -> None:
    """Pass over a body that tells nothing."""


def sends(value: object) -> bytes:
    """Return a value as the JSON body of a request.

    Raises:
        InvalidRequestError: Something in it cannot be written as JSON, such as NaN; says where.
    """
    if isinstance(value, list | tuple) and any(isinstance(each, ConductorModel) for each in value):
        return b"[" + b",".join(sends(each) for each in value) + b"]"
    try:
        return value.to_wire_json() if isinstance(value, ConductorModel) else write_json(value)
    except ValueError as error:
        raise InvalidRequestError(f"the request was not sent: {error}") from error


def sends_text(text: str) -> bytes:
    """Return a text as the body of a request: as it is, unless it would be taken for JSON."""
    is_quoted = text.startswith('"') and text.endswith('"')
    return sends(text) if is_quoted else unicode_text(text).encode()
