"""The names of parameters that any route reads, so that none is dropped without a word."""

import logging
from collections.abc import Iterable
from typing import Any

from dalsegno_functions.http.request import Request
from dalsegno_functions.http.routes import Route

logger = logging.getLogger(__name__)


class Vocabulary:
    """Parameter names of all routes together.

    Conductor ignores query parameters that a route does not read, and clients rely on that: such a
    parameter has no effect. One that another route reads was meant, however, as was one that is
    spelled otherwise than the route has it (``correlation_id``, ``taskType[]``); it is logged as a
    warning. So are headers of this vocabulary where they have no effect.
    """

    def __init__(self, routes: Iterable[Route[Any]]) -> None:
        parameters = [each for route in routes for each in route.parameters if each.has_effect]
        self._names = frozenset(_plain(each.name) for each in parameters if each.place == "query")
        self._headers = frozenset(name.lower() for each in parameters for name in each.headers)

    def check(self, route: Route[Any], request: Request) -> None:
        """Log each name in the request that the route does not read.

        Raises:
            InvalidRequestError: A query parameter has a value that is not supported.
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
        read = {each.name for each in route.parameters if each.place == "query"}
        for name in request.query.keys() - read:
            level = logging.WARNING if _plain(name) in self._names else logging.INFO
            logger.log(level, "%s %s has no query parameter %.100r", route.method, route.path, name)


def _plain(name: str) -> str:
    """Return the letters and digits of a name, which every spelling of it has."""
    return "".join(filter(str.isalnum, name)).lower()
