"""The names of parameters that any route reads, so that none is dropped without a word."""

import logging
from collections.abc import Iterable
from typing import Any

from dalsegno.errors import InvalidRequestError
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.routes import Route

logger = logging.getLogger(__name__)


class Vocabulary:
    """Parameter names of all routes together.

    A query parameter that the request's own route does not read, but another one does, is refused:
    it was meant, and without it the request would do something else. So is one that is spelled
    otherwise than the route has it (``correlation_id``, ``taskType[]``). A name that no route
    knows may be a proxy's or a browser's; it is logged. Headers come from everywhere, so those of
    this vocabulary are logged where they have no effect.
    """

    def __init__(self, routes: Iterable[Route[Any]]) -> None:
        parameters = [each for route in routes for each in route.parameters if each.has_effect]
        self._names = frozenset(_plain(each.name) for each in parameters if each.place == "query")
        self._headers = frozenset(name.lower() for each in parameters for name in each.headers)

    def check(self, route: Route[Any], request: Request) -> None:
        """Refuse or log each name in the request that the route does not read.

        Raises:
            InvalidRequestError: A query parameter means something, but not on this route, or has
                a value that is not supported.
        """
        for parameter in route.parameters:
            if not parameter.has_effect:
                parameter.of(request)
        if request.query and not route.takes_any_query:
            self._check_query(route, request)
        for name in self._headers & request.headers.keys():
            if not any(name == each.lower() for own in route.parameters for each in own.headers):
                logger.warning("%s %s has no header %s", route.method, route.path, name)

    def _check_query(self, route: Route[Any], request: Request) -> None:
        read = [each.name for each in route.parameters if each.place == "query"]
        for name in request.query:
            if name in read:
                continue
            if _plain(name) in self._names:
                known = ", ".join(read) or "none"
                raise InvalidRequestError(
                    f"{name[:100]}: no query parameter of {route.method} {route.path}; "
                    f"it reads: {known}"
                )
            logger.info("%s %s has no query parameter %.100s", route.method, route.path, name)


def _plain(name: str) -> str:
    """Return the letters and digits of a name, which every spelling of it has."""
    return "".join(filter(str.isalnum, name)).lower()
