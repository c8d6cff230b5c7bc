"""Paths such as ``a.output.b[0].c``: what stands between the braces of an expression.

One reader serves registration and evaluation, so what is accepted can be evaluated.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, TypeVar

from pydantic import JsonValue

from dalsegno_state.expressions import filter as filters
from dalsegno_state.expressions.aggregate import AGGREGATES
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.filter import Absolute, Literal, Operand, Relative
from dalsegno_state.expressions.pattern import Pattern
from dalsegno_state.expressions.query import (
    Descend,
    Filter,
    Index,
    Indexes,
    Name,
    Names,
    Path,
    PathInDocument,
    Query,
    Selector,
    Slice,
    Step,
    Test,
    Wildcard,
)

# Longer texts are parsed each time, lest a cache of many holds megabytes.
_MAX_CACHED_CHARACTERS: Final = 1_000
_CACHED_PATHS: Final = 4_096

MAX_PATH_CHARACTERS: Final = 4_000
_MAX_NESTED_FILTERS: Final = 16
_MAX_SELECTORS: Final = 200
_MAX_FUNCTIONS: Final = 4

# Each is one class repeated, so that matching takes a time linear in the text.
_NAME: Final = re.compile(r"""[^\s.\[\]()*'"]+""")
_NAME_IN_FILTER: Final = re.compile(r"""[^\s.\[\]()*'",=<>!&|]+""")
_INTEGER: Final = re.compile(r"-?[0-9]{1,9}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,50}(?:\.[0-9]{1,50})?(?:[eE][-+]?[0-9]{1,3})?")
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_WORD: Final = re.compile(r"[A-Za-z]+")
_FLAGS: Final = re.compile(r"[a-zA-Z]*")
_COMPARISON: Final = re.compile(r"===|!==|==|!=|<=|>=|=~|<|>")
_T = TypeVar("_T")

_CONSTANTS: Final = {"true": True, "false": False, "null": None}


def parse_path(text: str) -> Path:
    """Return the parsed path.

    Raises:
        ExpressionError: It is no JSONPath below a document's name.
    """
    return _parse_cached(text) if len(text) <= _MAX_CACHED_CHARACTERS else _parse(text)


def parse_path_in_document(text: str) -> PathInDocument:
    """Return the parsed path over one document, which begins with ``$``.

    Raises:
        ExpressionError: It is no such JSONPath.
    """
    reader = _Reader(_bounded(text))
    query, functions = reader.root_path()
    return PathInDocument(text, query, functions)


def path_error(expression: str) -> str | None:
    """Return why ``expression``, without its braces, is no valid path, or None if it is."""
    try:
        parse_path(expression)
    except ExpressionError as error:
        return error.reason
    return None


def root_name(text: str) -> str | None:
    """Return the document's name at the start of a path that need not be complete or valid."""
    try:
        return _Reader(text[:MAX_PATH_CHARACTERS]).root(_NAME)
    except ExpressionError:
        return None


def _parse(text: str) -> Path:
    reader = _Reader(_bounded(text))
    try:
        path = reader.document_path(_NAME)
        reader.expect_end()
    except ExpressionError as error:
        raise ExpressionError(text, error.reason) from error
    return path


def _bounded(text: str) -> str:
    if len(text) > MAX_PATH_CHARACTERS:
        raise ExpressionError(text, f"it is longer than {MAX_PATH_CHARACTERS:,} characters")
    return text


_parse_cached: Final = lru_cache(maxsize=_CACHED_PATHS)(_parse)


class _Reader:
    """Reads a text once from its beginning to its end; nothing is read twice."""

    def __init__(self, text: str) -> None:
        self._text = text.strip()
        self._position = 0
        self._depth = 0
        self._others: set[str] = set()

    def expect_end(self) -> None:
        """Raise ExpressionError unless everything has been read."""
        if self._position < len(self._text):
            raise self.error("expected '.', '[' or the end of the path")

    def error(self, reason: str) -> ExpressionError:
        """Return the error of what stands at the present place."""
        rest = self._text[self._position : self._position + 20]
        where = f"at '{rest}'" if rest else "at its end"
        return ExpressionError(self._text, f"{reason} {where}")

    def root_path(self) -> tuple[Query, tuple[str, ...]]:
        """Read a whole path below ``$``: its selectors, then its functions."""
        self._expect("$")
        selectors, functions = self._selectors(_NAME)
        self.expect_end()
        return Query(tuple(selectors)), functions

    def document_path(self, name: re.Pattern[str]) -> Path:
        """Read a path that begins with the name of a document, or with ``$`` and such a name."""
        outer, self._others = self._others, set()
        start = self._position
        root = self.root(name)
        selectors, functions = self._selectors(name)
        plain = 0
        while plain < len(selectors) and isinstance(selectors[plain], Name | Index):
            plain += 1
        path = Path(
            text=self._text[start : self._position],
            root=root,
            steps=tuple(
                each.name if isinstance(each, Name) else each.index
                for each in selectors[:plain]
                if isinstance(each, Name | Index)
            ),
            query=Query(tuple(selectors[plain:])) if plain < len(selectors) else None,
            others=frozenset(self._others),
            functions=functions,
        )
        self._others = outer | self._others | {root}
        return path

    def root(self, name: re.Pattern[str]) -> str:
        """Read the name of the document that a path starts at."""
        if self._take("$"):
            self._take(".")
        if self._peek() == "[":
            step = self._bracket()
            if isinstance(step, Name):
                return step.name
        elif found := self._match(name):
            return found
        raise self.error("expected 'workflow' or a task reference name")

    def _selectors(self, name: re.Pattern[str]) -> tuple[list[Selector], tuple[str, ...]]:
        """Read what follows the root: selectors, then functions."""
        selectors: list[Selector] = []
        functions: list[str] = []
        while (char := self._peek()) in {".", "["}:
            if len(selectors) >= _MAX_SELECTORS:
                raise self.error(f"more than {_MAX_SELECTORS} steps,")
            is_deep = self._take("..")
            if not is_deep and char == ".":
                self._take(".")
            step = self._bracket() if self._peek() == "[" else self._dotted(name)
            if isinstance(step, str):
                functions.append(self._function(step, functions, is_deep=is_deep))
            elif functions:
                raise self.error("nothing may follow a function, as here")
            else:
                selectors.append(Descend(step) if is_deep else step)
        return _with_merged_names(selectors), tuple(functions)

    def _dotted(self, name: re.Pattern[str]) -> Step | str:
        """Read what follows a dot; the text is a function's name."""
        if self._take("*"):
            return Wildcard()
        found = self._match(name)
        if not found:
            raise self.error("expected a name, or ['…'] if it has blanks or dots,")
        return found if self._take("(") else Name(found)

    def _function(self, name: str, before: Sequence[str], *, is_deep: bool) -> str:
        self._blank()
        if name not in AGGREGATES or is_deep or not self._take(")"):
            raise self.error(
                f"{name} is none of the functions {', '.join(AGGREGATES)}, without arguments,"
            )
        if len(before) >= _MAX_FUNCTIONS:
            raise self.error(f"more than {_MAX_FUNCTIONS} functions")
        return name

    def _bracket(self) -> Step:
        """Read one pair of brackets."""
        self._expect("[")
        self._blank()
        char = self._peek()
        if char in {"'", '"'}:
            step: Step = self._names()
        elif char == "*":
            self._take("*")
            step = Wildcard()
        elif char == "?":
            self._take("?")
            step = Filter(self._nested(self._alternatives))
        else:
            step = self._numbers()
        self._blank()
        self._expect("]")
        return step

    def _names(self) -> Name | Names:
        names = self._separated(self._quoted)
        return Name(names[0]) if len(names) == 1 else Names(tuple(names), merged=True)

    def _numbers(self) -> Step:
        """Read an index, several, or a slice."""
        if self._peek() == ":":
            return self._slice(None)
        numbers = self._separated(self._integer)
        if len(numbers) > 1:
            return Indexes(tuple(numbers))
        self._blank()
        return self._slice(numbers[0]) if self._peek() == ":" else Index(numbers[0])

    def _slice(self, start: int | None) -> Slice:
        self._expect(":")
        self._blank()
        return Slice(start, None if self._peek() == "]" else self._integer())

    def _alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._take_word("||"):
            tests.append(self._conjunction())
        return tests[0] if len(tests) == 1 else filters.some(tuple(tests))

    def _conjunction(self) -> Test:
        tests = [self._condition()]
        while self._take_word("&&"):
            tests.append(self._condition())
        return tests[0] if len(tests) == 1 else filters.every(tuple(tests))

    def _condition(self) -> Test:
        self._blank()
        if self._take("!"):
            return filters.negated(self._nested(self._condition))
        if not self._take("("):
            return self._comparison()
        test = self._nested(self._alternatives)
        self._blank()
        self._expect(")")
        return test

    def _comparison(self) -> Test:
        left = self._operand()
        self._blank()
        start = self._position
        operator = self._match(_COMPARISON) or self._match(_WORD).lower()
        if operator:
            if operator not in filters.OPERATORS:
                self._position = start
                raise self.error(f"expected one of {' '.join(filters.OPERATORS)},")
            return filters.compares(left, operator, self._operand())
        if isinstance(left, Literal):
            raise self.error("expected an operator")
        return filters.exists(left)

    def _operand(self) -> Operand:
        self._blank()
        match self._peek():
            case "@":
                self._take("@")
                selectors, functions = self._nested(lambda: self._selectors(_NAME_IN_FILTER))
                return Relative(Query(tuple(selectors)), functions)
            case "$":
                return Absolute(self._nested(lambda: self.document_path(_NAME_IN_FILTER)))
            case "/":
                return Literal(self._pattern())
            case _:
                return Literal(self._literal())

    def _literal(self) -> JsonValue:
        char = self._peek()
        if char in {"'", '"'}:
            return self._quoted()
        if char == "[":
            return self._nested(self._list)
        if char == "{":
            return self._object()
        start = self._position
        if (word := self._match(_WORD)) in _CONSTANTS:
            return _CONSTANTS[word]
        self._position = start
        number = self._match(_NUMBER)
        if not number:
            raise self.error("expected @, $, a text in quotes, a number, true, false or null")
        return float(number) if set(number) & set(".eE") else int(number)

    def _list(self) -> JsonValue:
        self._expect("[")
        self._blank()
        if self._take("]"):
            return []
        items = self._separated(self._literal)
        self._blank()
        self._expect("]")
        return items

    def _object(self) -> JsonValue:
        """Read an object in JSON's notation."""
        try:
            value: JsonValue
            value, end = json.JSONDecoder().raw_decode(self._text, self._position)
        except (ValueError, RecursionError) as error:
            raise self.error("expected an object in JSON's notation") from error
        self._position = end
        return value

    def _pattern(self) -> Pattern:
        pattern = self._until_unescaped("/")
        flags = self._match(_FLAGS)
        return Pattern(pattern.replace("\\/", "/"), flags)

    def _quoted(self) -> str:
        """Read a text in quotes of either kind; a backslash takes what follows it literally."""
        quote = self._peek()
        if quote not in {"'", '"'}:
            raise self.error("expected a text in quotes")
        quoted = self._until_unescaped(quote)
        if "\\" not in quoted:
            return quoted
        characters = iter(quoted)
        return "".join(next(characters, "") if each == "\\" else each for each in characters)

    def _until_unescaped(self, delimiter: str) -> str:
        """Read a delimiter and what follows it up to the next that has no backslash before it."""
        start = end = self._position + 1
        while end < len(self._text) and self._text[end] != delimiter:
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise self.error(f"expected a closing {delimiter} after what begins")
        self._position = end + 1
        return self._text[start:end]

    def _integer(self) -> int:
        number = self._match(_INTEGER)
        if not number:
            raise self.error("expected a quoted name, a number, * or ?(…)")
        return int(number)

    def _separated(self, read: Callable[[], _T]) -> list[_T]:
        """Read one or more, with commas between them."""
        found = [read()]
        self._blank()
        while self._take(","):
            self._blank()
            found.append(read())
            self._blank()
        return found

    def _nested(self, read: Callable[[], _T]) -> _T:
        """Read what may hold itself, down to a certain depth."""
        self._depth += 1
        if self._depth > _MAX_NESTED_FILTERS:
            raise self.error(f"filters nested more than {_MAX_NESTED_FILTERS} levels deep,")
        value = read()
        self._depth -= 1
        return value

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _blank(self) -> None:
        self._match(_BLANK)

    def _take(self, text: str) -> bool:
        """Return whether ``text`` comes next, and read it if so."""
        if not self._text.startswith(text, self._position):
            return False
        self._position += len(text)
        return True

    def _take_word(self, text: str) -> bool:
        self._blank()
        return self._take(text)

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self.error(f"expected {text}")

    def _match(self, pattern: re.Pattern[str]) -> str:
        """Return what a pattern matches here, having read it; empty if nothing."""
        match = pattern.match(self._text, self._position)
        if match is None:
            return ""
        self._position = match.end()
        return match[0]


def _with_merged_names(selectors: list[Selector]) -> list[Selector]:
    """Return the selectors; several names in one are one object only at the end."""
    return [
        _apart(each) if index < len(selectors) - 1 else each for index, each in enumerate(selectors)
    ]


def _apart(selector: Selector) -> Selector:
    match selector:
        case Names(names):
            return Names(names, merged=False)
        case Descend(Names(names)):
            return Descend(Names(names, merged=False))
        case _:
            return selector
