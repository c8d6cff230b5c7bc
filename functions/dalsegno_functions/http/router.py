"""Finds the route of a request and has it answered, whatever goes wrong."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qs, unquote

from dalsegno.errors import ConductorError, InvalidRequestError, NotFoundError
from dalsegno_functions.http import errors
from dalsegno_functions.http.event import GatewayEvent, body_of
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response
from dalsegno_functions.http.routes import Route
from dalsegno_functions.http.vocabulary import Vocabulary
from dalsegno_state.ports import STAYS, Caller

C = TypeVar("C")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Leaf(Generic[C]):
    """A route, and which segments of a path hold which of its variables."""

    route: Route[C]
    variables: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class _Node(Generic[C]):
    """All routes that share the beginning of a path."""

    literals: "dict[str, _Node[C]]" = field(default_factory=dict)
    variable: "list[_Node[C]]" = field(default_factory=list)
    leaves: dict[str, _Leaf[C]] = field(default_factory=dict)


class Router(Generic[C]):
    """Answers gateway events; immutable, so any number of threads may share one.

    A literal segment beats a variable one, from left to right, among the routes that have the
    request's method.
    """

    def __init__(self, routes: Iterable[Route[C]]) -> None:
        self.routes = tuple(routes)
        self._vocabulary = Vocabulary(self.routes)
        self._root: _Node[C] = _Node()
        for route in self.routes:
            self._add(route)

    def answer(self, event: GatewayEvent, context: C, caller: Caller = STAYS) -> Response:
        """Return the answer to a request; failures become answers too."""
        try:
            return self._answer(event, context, caller)
        except ConductorError as error:
            return errors.refuse(error)
        except RecursionError:
            logger.warning("%s is nested too deeply", event["rawPath"], exc_info=True)
            return errors.refuse(InvalidRequestError("the body is nested too deeply"))
        except Exception:  # the rim: whatever it is, the client gets an answer
            logger.exception("%s %s failed", _method(event), event["rawPath"])
            return errors.fail()

    def route(self, method: str, raw_path: str) -> Route[C] | None:
        """Return what answers such a request; None if nothing was declared for it."""
        leaf, _ = self._find(method, _segments(raw_path))
        return leaf.route if leaf else None

    def _add(self, route: Route[C]) -> None:
        node = self._root
        variables = []
        for position, segment in enumerate(_segments(route.path)):
            if segment.startswith("{"):
                variables.append((position, segment[1:-1]))
                if not node.variable:
                    node.variable.append(_Node())
                node = node.variable[0]
            else:
                node = node.literals.setdefault(segment, _Node())
        if route.method in node.leaves:
            raise ValueError(f"two routes answer {route.method} {route.path}")
        node.leaves[route.method] = _Leaf(route, tuple(variables))

    def _find(self, method: str, segments: list[str]) -> tuple[_Leaf[C] | None, set[str]]:
        """Return the best leaf; or None, and the methods this path does have."""
        methods: set[str] = set()
        for node in _reached(self._root, segments, 0):
            leaf = node.leaves.get(method)
            if leaf is not None:
                return leaf, methods
            methods.update(node.leaves)
        return None, methods

    def _answer(self, event: GatewayEvent, context: C, caller: Caller) -> Response:
        method = _method(event)
        segments = _segments(event["rawPath"])
        leaf, methods = self._find(method, segments)
        if leaf is None:
            return self._answer_other(event, context, caller, methods)
        query = event.get("rawQueryString")
        request = Request(
            method,
            {name: segments[position] for position, name in leaf.variables},
            parse_qs(query) if query else {},
            body_of(event),
            event.get("headers", {}),
            caller,
        )
        self._vocabulary.check(leaf.route, request)
        return leaf.route.handle(request, context)

    def _answer_other(
        self, event: GatewayEvent, context: C, caller: Caller, methods: set[str]
    ) -> Response:
        """Answer what no route was declared for."""
        method = _method(event)
        if not methods:
            raise NotFoundError(f"There is nothing at {event['rawPath'][:200]}")
        if method == "HEAD" and "GET" in methods:
            as_get: GatewayEvent = {**event, "requestContext": {"http": {"method": "GET"}}}
            return _without_content(self._answer(as_get, context, caller))
        allowed = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        return errors.not_allowed(method, allowed)


def _method(event: GatewayEvent) -> str:
    return event["requestContext"]["http"]["method"]


def _segments(raw_path: str) -> list[str]:
    """Return the path's segments, decoded after splitting: ``%2F`` may be part of a name."""
    segments = raw_path.strip("/").split("/")
    if "%" not in raw_path:
        return segments
    return [unquote(segment) for segment in segments]


def _reached(node: _Node[C], segments: list[str], depth: int) -> Iterator[_Node[C]]:
    """Yield the nodes with routes that the segments lead to, best first."""
    if depth == len(segments):
        if node.leaves:
            yield node
        return
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _reached(literal, segments, depth + 1)
    if node.variable and segment:
        yield from _reached(node.variable[0], segments, depth + 1)


def _without_content(response: Response) -> Response:
    length = str(len(response.content()))
    headers = {**response.headers, "content-length": length}
    return Response(response.status, response.content_type, "", headers)
