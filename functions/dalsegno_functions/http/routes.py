"""Routes, declared as data beside their handlers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, Unpack

from dalsegno.models import JsonValue
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import Parameter
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response

C = TypeVar("C")

Handler: TypeAlias = Callable[[Request, C], Response]
"""Answers one request, given what all handlers share."""

Declare: TypeAlias = Callable[[Handler[C]], Handler[C]]


class Lane(StrEnum):
    """How long a request may take, so that slow ones do not hold up quick ones."""

    QUICK = "quick"
    POLL = "poll"
    """Waits up to a few seconds for work."""
    WAIT = "wait"
    """Waits up to half a minute for a workflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[C]):
    """One operation of the API.

    Attributes:
        path: With its variables in braces: ``/api/workflow/{workflowId}``.
        parameters: Those of the query, and those of the path that are more than text.
        text_body: What a body that is no JSON holds; empty if there is none.
        returns: Type of the JSON answer; ``str`` for plain text, None for no content.
        example: Of the JSON answer, if its type alone does not tell what it holds.
        status: Of a success.
        or_nothing: When a success is answered by 204 and no content instead; empty if never.
        takes_any_query: Query parameters that are not declared are data, such as an input.
    """

    method: str
    path: str
    handle: Handler[C]
    tag: str
    summary: str
    parameters: tuple[Parameter[object], ...] = ()
    body: Body[Any] | None = None
    text_body: str = ""
    returns: Any = None
    example: JsonValue = None
    status: int = 200
    or_nothing: str = ""
    lane: Lane = Lane.QUICK
    takes_any_query: bool = False


class Options(TypedDict, total=False):
    """What a declaration may add to method, path and summary; see ``Route``."""

    parameters: tuple[Parameter[object], ...]
    body: Body[Any]
    text_body: str
    returns: Any
    example: JsonValue
    status: int
    or_nothing: str
    lane: Lane
    takes_any_query: bool


class Routes(Generic[C]):
    """The routes of one resource, in the order they are declared."""

    def __init__(self, tag: str, prefix: str = "") -> None:
        self._tag = tag
        self._prefix = prefix
        self._routes: list[Route[C]] = []

    def __iter__(self) -> Iterator[Route[C]]:
        """Yield the routes."""
        return iter(self._routes)

    def get(self, path: str, summary: str, **options: Unpack[Options]) -> Declare[C]:
        """Return a decorator that declares a handler of GET requests."""
        return self._declare("GET", path, summary, options)

    def post(self, path: str, summary: str, **options: Unpack[Options]) -> Declare[C]:
        """Return a decorator that declares a handler of POST requests."""
        return self._declare("POST", path, summary, options)

    def put(self, path: str, summary: str, **options: Unpack[Options]) -> Declare[C]:
        """Return a decorator that declares a handler of PUT requests."""
        return self._declare("PUT", path, summary, options)

    def delete(self, path: str, summary: str, **options: Unpack[Options]) -> Declare[C]:
        """Return a decorator that declares a handler of DELETE requests."""
        return self._declare("DELETE", path, summary, options)

    def _declare(self, method: str, path: str, summary: str, options: Options) -> Declare[C]:
        def declare(handle: Handler[C]) -> Handler[C]:
            route = Route(
                method=method,
                path=self._prefix + path,
                handle=handle,
                tag=self._tag,
                summary=summary,
                **options,
            )
            self._routes.append(route)
            return handle

        return declare
