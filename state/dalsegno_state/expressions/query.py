"""JSONPath beyond a plain path: wildcards, slices, filters and deep scans."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import JsonValue

from dalsegno_state.expressions.errors import ExpressionError

if TYPE_CHECKING:
    import jsonpath

# Every selector is a generator within the previous one: a long enough chain of them overflows the
# stack of the interpreter itself.
_MAX_QUERY_CHARACTERS: Final = 1_000
_PATTERN: Final = re.compile(r"=~\s*/((?:[^/\\]|\\.)*)/")
# Python's regular expressions have no time limit. These are the shapes that take exponential time
# (a repeated group, a back-reference) or a high power of the text's length (many repetitions).
_SLOW_SHAPE: Final = re.compile(r"\)[*+{]|\\[1-9]|\(\?")
_REPETITION: Final = re.compile(r"[*+]|\{\d*,")
_MAX_REPETITIONS: Final = 3


class Query:
    """A compiled JSONPath over one document, which it calls ``$``."""

    __slots__ = ("_compiled", "_text")

    def __init__(self, text: str) -> None:
        _refuse_slow(text)
        import jsonpath

        self._text = text
        try:
            compiled = _environment().compile(text)
        except (jsonpath.JSONPathError, RecursionError, ValueError, re.error) as error:
            raise ExpressionError(text, _reason(error)) from error
        if not isinstance(compiled, jsonpath.JSONPath):
            raise ExpressionError(text, "it combines several paths")
        self._compiled = compiled

    def find(self, document: JsonValue) -> JsonValue:
        """Return the list of what matches, or the one value of a path that can match only one."""
        import jsonpath

        try:
            # The library wants a container, nothing else can match.
            found: list[Any] = (
                self._compiled.findall(document) if isinstance(document, dict | list) else []
            )
        except (jsonpath.JSONPathError, RecursionError) as error:
            raise ExpressionError(self._text, _reason(error)) from error
        if self._compiled.singular_query():
            return found[0] if found else None
        return found


def _refuse_slow(text: str) -> None:
    if len(text) > _MAX_QUERY_CHARACTERS:
        raise ExpressionError(text, f"it is longer than {_MAX_QUERY_CHARACTERS} characters")
    for pattern in _PATTERN.findall(text):
        if _SLOW_SHAPE.search(pattern) or len(_REPETITION.findall(pattern)) > _MAX_REPETITIONS:
            raise ExpressionError(text, f"the pattern /{pattern}/ may take too long")


def _reason(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__


@lru_cache(maxsize=1)
def _environment() -> "jsonpath.JSONPathEnvironment":
    import jsonpath

    environment = jsonpath.JSONPathEnvironment()
    for name in ("match", "search"):  # patterns out of the data, see above
        environment.function_extensions.pop(name, None)
    return environment
