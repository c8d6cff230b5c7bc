"""The tests of JSONPath filters, such as ``@.price < 10 && @.tags contains 'new'``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from operator import ge, gt, le, lt
from typing import Any, Final, TypeAlias, TypeGuard

from pydantic import JsonValue

from dalsegno_state.expressions.pattern import Pattern
from dalsegno_state.expressions.query import NOTHING, Evaluation, Found, Path, Query, Test, applied

_MAX_NUMBER_CHARACTERS: Final = 100

Value: TypeAlias = Found | Pattern


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that is written in the filter."""

    value: Value

    def of(self, item: JsonValue, evaluation: Evaluation) -> Value:
        """Return the value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Relative:
    """A path below the item that is tested."""

    query: Query
    functions: tuple[str, ...] = ()

    def of(self, item: JsonValue, evaluation: Evaluation) -> Value:
        """Return what the path finds in ``item``."""
        found = self.query.find(item, evaluation)
        for function in self.functions:
            found = applied(function, None if found is NOTHING else found, evaluation)
        return found


@dataclass(frozen=True, slots=True)
class Absolute:
    """A path below a document; the same for all items, so it is evaluated once."""

    path: Path

    def of(self, item: JsonValue, evaluation: Evaluation) -> Value:
        """Return what the path finds."""
        key = id(self)
        if key not in evaluation.constants:
            evaluation.constants[key] = self.path.value(evaluation)
        return evaluation.constants[key]


Operand: TypeAlias = Literal | Relative | Absolute
Operator: TypeAlias = Callable[[Value, Value, Evaluation], bool]


def exists(operand: Operand) -> Test:
    """Return the test whether a path leads anywhere."""

    def test(item: JsonValue, evaluation: Evaluation) -> bool:
        evaluation.spend()
        value = operand.of(item, evaluation)
        is_many = isinstance(operand, Relative) and not operand.query.is_single
        return value is not NOTHING and not (is_many and value == [])

    return test


def compares(left: Operand, operator: str, right: Operand) -> Test:
    """Return the test of a comparison with one of ``OPERATORS``."""
    compare = OPERATORS[operator]

    def test(item: JsonValue, evaluation: Evaluation) -> bool:
        evaluation.spend()
        return compare(left.of(item, evaluation), right.of(item, evaluation), evaluation)

    return test


def every(tests: tuple[Test, ...]) -> Test:
    """Return the test that passes if all of some do."""
    return lambda item, evaluation: all(test(item, evaluation) for test in tests)


def some(tests: tuple[Test, ...]) -> Test:
    """Return the test that passes if one of some does."""
    return lambda item, evaluation: any(test(item, evaluation) for test in tests)


def negated(test: Test) -> Test:
    """Return the test that passes if another does not."""
    return lambda item, evaluation: not test(item, evaluation)


def _equal(left: Value, right: Value, evaluation: Evaluation) -> bool:
    """Return whether values are equal; a number equals the text that says it, as in Jayway's."""
    evaluation.spend()
    pending: list[tuple[Value, Value]] = [(left, right)]
    is_outermost = True
    while pending:
        one, other = pending.pop()
        if isinstance(one, dict) and isinstance(other, dict):
            evaluation.spend(1 + len(one))
            if one.keys() != other.keys():
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, list) and isinstance(other, list):
            evaluation.spend(1 + len(one))
            if len(one) != len(other):
                return False
            pending.extend(zip(one, other, strict=True))
        elif not _same(one, other, evaluation, loosely=is_outermost):
            return False
        is_outermost = False
    return True


def _same(one: Value, other: Value, evaluation: Evaluation, *, loosely: bool) -> bool:
    """Return whether two values are equal, neither or one of which holds others."""
    if isinstance(one, str) and isinstance(other, str):
        if len(one) != len(other):
            return False
        evaluation.spend_on_text(len(one))
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if _is_number(one) and _is_number(other):
        return one == other
    if loosely and isinstance(one, str) and _is_number(other):
        return _decimal(one) == Decimal(repr(other))
    if loosely and isinstance(other, str) and _is_number(one):
        return _decimal(other) == Decimal(repr(one))
    return one is None and other is None


def _strictly_equal(left: Value, right: Value, evaluation: Evaluation) -> bool:
    is_mixed = _is_number(left) != _is_number(right)
    return not is_mixed and _equal(left, right, evaluation)


def _decimal(text: str) -> Decimal | None:
    if len(text) > _MAX_NUMBER_CHARACTERS or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ordered(compare: Callable[[Any, Any], bool]) -> Operator:
    """Return the operator over two numbers or two texts; others have no order."""

    def operator(left: Value, right: Value, evaluation: Evaluation) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            evaluation.spend_on_text(min(len(left), len(right)))
            return compare(left, right)
        return _is_number(left) and _is_number(right) and compare(left, right)

    return operator


def _matches(left: Value, right: Value, evaluation: Evaluation) -> bool:
    """Return whether a text, or one of a list, matches a pattern on either side."""
    if isinstance(left, Pattern) == isinstance(right, Pattern):
        return False
    pattern, value = (left, right) if isinstance(left, Pattern) else (right, left)
    for text in map(_pattern_text, value if isinstance(value, list) else [value]):
        evaluation.spend(1 + len(text) // 10)
        if isinstance(pattern, Pattern) and pattern.matches(text):
            return True
    return False


def _pattern_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value) if _is_number(value) else ""


def _has(values: Value, value: Value, evaluation: Evaluation) -> bool:
    return isinstance(values, list) and any(_equal(each, value, evaluation) for each in values)


def _contains(left: Value, right: Value, evaluation: Evaluation) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        evaluation.spend_on_text(len(left))
        return right in left
    return _has(left, right, evaluation)


def _in(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return _has(right, left, evaluation)


def _all(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return (
        isinstance(left, list)
        and isinstance(right, list)
        and all(_has(left, each, evaluation) for each in right)
    )


def _subset_of(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return _all(right, left, evaluation)


def _any_of(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return isinstance(left, list) and any(_has(right, each, evaluation) for each in left)


def _none_of(left: Value, right: Value, evaluation: Evaluation) -> bool:
    both = isinstance(left, list) and isinstance(right, list)
    return both and not _any_of(left, right, evaluation)


def _size(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return isinstance(left, list | dict | str) and _is_number(right) and len(left) == right


def _empty(left: Value, right: Value, evaluation: Evaluation) -> bool:
    return isinstance(left, list | dict | str) and (not left) is right


def _negation(operator: Operator) -> Operator:
    return lambda left, right, evaluation: not operator(left, right, evaluation)


OPERATORS: Final[Mapping[str, Operator]] = {
    "==": _equal,
    "===": _strictly_equal,
    "!=": _negation(_equal),
    "!==": _negation(_strictly_equal),
    "<": _ordered(lt),
    "<=": _ordered(le),
    ">": _ordered(gt),
    ">=": _ordered(ge),
    "=~": _matches,
    "in": _in,
    "nin": _negation(_in),
    "contains": _contains,
    "all": _all,
    "subsetof": _subset_of,
    "anyof": _any_of,
    "noneof": _none_of,
    "size": _size,
    "empty": _empty,
}
