"""Templates: JSON values whose strings may contain ``${...}`` expressions."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pydantic import JsonValue

from dalsegno_state.expressions.budget import Budget
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import parse_path, path_error, root_name
from dalsegno_state.expressions.scope import Scope
from dalsegno_state.expressions.secrets import (
    SECRETS_PREFIX,
    closing_braces,
    joined,
    secret_reference,
)
from dalsegno_state.expressions.text import java_text

# Longer texts are parsed each time, lest a cache of many holds megabytes.
_MAX_CACHED_CHARACTERS: Final = 1_000
_CACHED_TEXTS: Final = 4_096
_MAX_NESTED_EXPRESSIONS: Final = 32
_MAX_EXPRESSIONS: Final = 2_000  # of one text; different paths are parsed one by one

_SHOWN_CHARACTERS: Final = 200
_UNKNOWN: Final = "\0"  # stands for a nested expression's text where that is not known yet


@dataclass(frozen=True, slots=True)
class Expression:
    """One ``${...}``; ``path`` is the text between the braces."""

    path: "Text"

    def evaluate(self, scope: Scope, budget: Budget) -> JsonValue:
        """Return the value in ``scope``."""
        path = java_text(self.path.evaluate(scope, budget)).strip()
        if not path:
            return ""
        if self._names_secret():
            return secret_reference(path)
        return parse_path(path).find(scope, budget)

    def written(self) -> Iterator[str]:
        """Yield the text between the braces; before it that of the expressions within."""
        yield from self.path.written()
        yield self._text()

    def _names_secret(self) -> bool:
        """Return whether the definition writes it as a secret: no value can make it one."""
        first = self.path.parts[0] if self.path.parts else ""
        return isinstance(first, str) and first.lstrip().startswith(SECRETS_PREFIX)

    def roots(self) -> Iterator[str]:
        """Yield the names of the documents this reads, those known before evaluation."""
        yield from self.path.roots()
        path = self._text()
        root = root_name(path)
        if root is None or _UNKNOWN in root:
            return
        yield root
        if _UNKNOWN not in path:
            yield from _further_roots(path)

    def _text(self) -> str:
        return "".join(part if isinstance(part, str) else _UNKNOWN for part in self.path.parts)


@dataclass(frozen=True, slots=True)
class Text:
    """A string taken apart into literal text and expressions."""

    parts: tuple[str | Expression, ...]

    def evaluate(self, scope: Scope, budget: Budget) -> JsonValue:
        """Return the string's value in ``scope``; one expression alone keeps its JSON type."""
        match self.parts:
            case (Expression() as expression,):
                return expression.evaluate(scope, budget)
            case parts:
                return joined(
                    [
                        part if isinstance(part, str) else _printed(part, scope, budget)
                        for part in parts
                    ]
                )

    def written(self) -> Iterator[str]:
        """Yield what stands between the braces of each expression, inner ones first."""
        for part in self.parts:
            if isinstance(part, Expression):
                yield from part.written()

    def roots(self) -> Iterator[str]:
        """Yield the names of the documents the string's expressions read."""
        for part in self.parts:
            if isinstance(part, Expression):
                yield from part.roots()


def evaluate(template: JsonValue, scope: Scope) -> JsonValue:
    """Return ``template`` with every expression in its strings replaced by its value.

    A string that is one expression becomes that value with its JSON type; within other text the
    value is printed as Java would. Keys of maps stay as they are, and so do the obtained values,
    whatever they contain. ``$${`` stands for a literal ``${``. ``${workflow.secrets...}`` becomes a
    reference (``SecretText``) that reads the same; references within obtained values stay.

    Raises:
        ExpressionError: An expression is malformed or nested too deeply, or all together take
            too many steps.
    """
    try:
        return _evaluate(template, scope, Budget())
    except RecursionError as error:
        raise ExpressionError("…", "the template is nested too deeply") from error


@dataclass(frozen=True, slots=True)
class Written:
    """An expression as it is written in a template.

    Attributes:
        key: The nearest key above its text; empty if there is none.
        path: What stands between the braces.
        fault: Why it cannot be evaluated, None if it can. What is wrong with a path of which an
            inner expression is a part is not known before evaluation.
    """

    key: str
    path: str
    fault: str | None


def expressions_in(template: JsonValue) -> Iterator[Written]:
    """Yield the expressions in the strings of a template, in their order, inner ones first."""
    pending: list[tuple[str, JsonValue]] = [("", template)]
    while pending:
        key, value = pending.pop()
        match value:
            case str() as text if "${" in text:
                yield from _written(key, text)
            case dict() as mapping:
                pending.extend(reversed(mapping.items()))
            case list() as items:
                pending.extend((key, item) for item in reversed(items))
            case _:
                pass


def references(template: JsonValue) -> frozenset[str]:
    """Return the names of the documents that expressions in ``template`` read.

    A name that is itself computed, as in ``${${workflow.input.task}.output}``, is not known here.

    Raises:
        ExpressionError: Expressions are nested too deeply.
    """
    names: set[str] = set()
    pending = [template]
    while pending:
        match pending.pop():
            case str() as text if "${" in text:
                names.update(parse_text(text).roots())
            case dict() as mapping:
                pending.extend(mapping.values())
            case list() as items:
                pending.extend(items)
            case _:
                pass
    return frozenset(names)


def parse_text(text: str) -> Text:
    """Return ``text`` taken apart; a ``${`` without its closing brace is literal.

    Raises:
        ExpressionError: There are too many expressions, or they are nested too deeply.
    """
    return _parse_cached(text) if len(text) <= _MAX_CACHED_CHARACTERS else _parse(text)


def _evaluate(template: JsonValue, scope: Scope, budget: Budget) -> JsonValue:
    if isinstance(template, str):
        return parse_text(template).evaluate(scope, budget) if "${" in template else template
    if isinstance(template, dict):
        return {key: _evaluate(value, scope, budget) for key, value in template.items()}
    if isinstance(template, list):
        return [_evaluate(value, scope, budget) for value in template]
    return template


def _printed(expression: Expression, scope: Scope, budget: Budget) -> str:
    """Return an expression's value as text, which may be copied many times."""
    text = java_text(expression.evaluate(scope, budget))
    budget.spend_on_text(len(text), "…")
    return text


def _written(key: str, text: str) -> Iterator[Written]:
    try:
        paths = [path.strip() for path in parse_text(text).written()]
    except ExpressionError as error:
        yield Written(key, text[:_SHOWN_CHARACTERS], error.reason)
        return
    for path in filter(None, paths):
        yield Written(key, path, None if _UNKNOWN in path else path_error(path))


def _further_roots(path: str) -> frozenset[str]:
    try:
        return parse_path(path).others
    except ExpressionError:  # reported where the path is validated or evaluated
        return frozenset()


def _parse(text: str) -> Text:
    closing = closing_braces(text)
    parsed = _parse_between(text, 0, len(text), closing, 0)
    if sum(text[at - 1 : at] == "$" for at in closing) > _MAX_EXPRESSIONS:
        raise ExpressionError(
            text[:_SHOWN_CHARACTERS], f"a text holds more than {_MAX_EXPRESSIONS:,} expressions"
        )
    return parsed


_parse_cached: Final = lru_cache(maxsize=_CACHED_TEXTS)(_parse)


def _parse_between(text: str, start: int, end: int, closing: dict[int, int], depth: int) -> Text:
    if depth > _MAX_NESTED_EXPRESSIONS:
        raise ExpressionError(text, f"more than {_MAX_NESTED_EXPRESSIONS} expressions are nested")
    parts: list[str | Expression] = []
    literal: list[str] = []
    dollar = text.find("${", start, end)
    while dollar >= 0:
        resume = dollar + 2
        if dollar > start and text[dollar - 1] == "$":
            literal += (text[start : dollar - 1], "${")
            start = resume
        elif dollar + 1 in closing:
            resume = closing[dollar + 1] + 1
            parts += _joined([*literal, text[start:dollar]])
            path = _parse_between(text, dollar + 2, resume - 1, closing, depth + 1)
            parts.append(Expression(path))
            literal, start = [], resume
        dollar = text.find("${", resume, end)
    parts += _joined([*literal, text[start:end]])
    return Text(tuple(parts))


def _joined(literal: list[str]) -> list[str]:
    joined = "".join(literal)
    return [joined] if joined else []
