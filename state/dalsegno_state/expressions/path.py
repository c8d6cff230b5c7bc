"""Paths such as ``a.output.b[0].c``: what stands between the braces of an expression."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydantic import JsonValue

from dalsegno_state.expressions.aggregate import AGGREGATES
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.query import Query
from dalsegno_state.expressions.scope import Scope

# Longer texts are parsed each time, lest a cache of many holds megabytes.
_MAX_CACHED_CHARACTERS: Final = 1_000
_CACHED_PATHS: Final = 4_096
_MAX_FUNCTIONS: Final = 4

_NAME: Final = r"""[^\s.\[\]()*'"]+"""
_BRACKET: Final = r"""
    \[ \s* (?: (?P<index> -?\d{1,9} )
             | ' (?P<single> (?: [^'\\] | \\. )* ) '
             | " (?P<double> (?: [^"\\] | \\. )* ) " ) \s* \]"""
_ROOT: Final = re.compile(rf"(?: \$\.? (?=.) )? (?: (?P<name> {_NAME} ) | {_BRACKET} )", re.VERBOSE)
_STEP: Final = re.compile(rf"\. (?P<name> {_NAME} ) | \.? {_BRACKET}", re.VERBOSE)
_FUNCTION: Final = re.compile(rf"\. ({'|'.join(AGGREGATES)}) \( \s* \) $", re.VERBOSE)
# Within a filter, ``$`` is the root of everything: the name after it is another document.
_NAMED_IN_FILTER: Final = re.compile(
    rf"""\$ (?: \. ({_NAME}) | \[ ['"] ([^'"]*) ['"] )""", re.VERBOSE
)


def walk(document: JsonValue, path: Sequence[str | int]) -> JsonValue:
    """Return what lies at ``path`` below ``document``, or None; negative indexes are allowed."""
    for step in path:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int):
            document = document[step] if -len(document) <= step < len(document) else None
        else:
            return None
    return document


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path.

    Attributes:
        root: Name of the document it starts at.
        steps: The plain part below the root, keys and indexes.
        query: What follows the plain part, if anything: a query over what is found there.
        others: Further documents that the query names. If there are any, it is a query over all
            documents instead.
        functions: Applied to what was found, first to last.
    """

    root: str
    steps: tuple[str | int, ...]
    query: Query | None = None
    others: frozenset[str] = frozenset()
    functions: tuple[str, ...] = ()

    def find(self, scope: Scope) -> JsonValue:
        """Return the path's value in ``scope``: None if missing, a list if there may be many."""
        value = self._base(scope)
        for function in self.functions:
            value = AGGREGATES[function](value)
        return value

    def _base(self, scope: Scope) -> JsonValue:
        if self.query is None:
            return scope.find(self.root, self.steps)
        if self.others:
            return self.query.find({n: scope.document(n) for n in {self.root, *self.others}})
        if not self.steps:
            return self.query.find(scope.document(self.root))
        return self.query.find(scope.find(self.root, self.steps))


def parse_path(text: str) -> Path:
    """Return the parsed path.

    Raises:
        ExpressionError: It is no JSONPath below a document's name.
    """
    return _parse_cached(text) if len(text) <= _MAX_CACHED_CHARACTERS else _parse(text)


def path_error(expression: str) -> str | None:
    """Return why ``expression``, without its braces, is no valid path, or None if it is."""
    try:
        parse_path(expression)
    except ExpressionError as error:
        return error.reason
    return None


def root_name(text: str) -> str | None:
    """Return the document's name at the start of a path that need not be complete or valid."""
    match = _ROOT.match(text.strip())
    root = match and _component(match)
    return root if isinstance(root, str) else None


def _parse(text: str) -> Path:
    body, functions = _split_functions(text.strip())
    match = _ROOT.match(body)
    root = match and _component(match)
    if match is None or not isinstance(root, str) or root == "$":
        raise ExpressionError(text, "it must start with 'workflow' or a task reference name")
    steps: list[str | int] = []
    position = match.end()
    while position < len(body) and (match := _STEP.match(body, position)):
        steps.append(_component(match))
        position = match.end()
    try:
        query, others = _query(root, steps, body[position:])
    except ExpressionError as error:
        raise ExpressionError(text, error.reason) from error
    return Path(root, tuple(steps), query, others, functions)


_parse_cached: Final = lru_cache(maxsize=_CACHED_PATHS)(_parse)


def _split_functions(body: str) -> tuple[str, tuple[str, ...]]:
    functions: list[str] = []
    while len(functions) < _MAX_FUNCTIONS and (match := _FUNCTION.search(body)):
        functions.insert(0, match[1])
        body = body[: match.start()]
    return body, tuple(functions)


def _component(match: re.Match[str]) -> str | int:
    name, index = match["name"], match["index"]
    if name is not None:
        return name
    if index is not None:
        return int(index)
    quoted = match["single"] if match["single"] is not None else match["double"]
    return re.sub(r"\\(.)", r"\1", quoted)


def _query(root: str, steps: list[str | int], rest: str) -> tuple[Query | None, frozenset[str]]:
    if not rest:
        return None, frozenset()
    others = frozenset(dotted or quoted for dotted, quoted in _NAMED_IN_FILTER.findall(rest))
    if not others:
        return Query("$" + rest), others
    return Query("$" + "".join(f"[{json.dumps(step)}]" for step in (root, *steps)) + rest), others
