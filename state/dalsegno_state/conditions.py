"""Conditions on the fields of what is searched, as a tree; and whether they hold."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

Value: TypeAlias = str | int
Sign: TypeAlias = Literal["<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class OneOf:
    """The field has one of these values; ``*`` in a text stands for any characters.

    The empty text stands for having no value, too.
    """

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The field has a number, and it is less or greater than another."""

    field: str
    sign: Sign
    value: int


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The field has a text that begins with another."""

    field: str
    prefix: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """The field has no value, or is an empty text."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """The condition does not hold."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class AllOf:
    """All conditions hold; true if there are none."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one condition holds; false if there are none."""

    conditions: "tuple[Condition, ...]"


Condition: TypeAlias = OneOf | Compared | StartsWith | IsNull | Not | AllOf | AnyOf
Read: TypeAlias = Callable[[str], Value | None]
"""Returns the value of a field."""


def holds(condition: Condition, read: Read) -> bool:
    """Return whether a condition holds for what has these values."""
    match condition:
        case OneOf(field, values):
            return _is_one_of(read(field), values)
        case Compared(field, sign, bound):
            value = read(field)
            return isinstance(value, int) and _compares(value, sign, bound)
        case StartsWith(field, prefix):
            value = read(field)
            return isinstance(value, str) and value.startswith(prefix)
        case IsNull(field):
            return read(field) in {None, ""}
        case Not(inner):
            return not holds(inner, read)
        case AllOf(conditions):
            return all(holds(each, read) for each in conditions)
        case AnyOf(conditions):
            return any(holds(each, read) for each in conditions)
        case _:
            assert_never(condition)


def all_of(*conditions: Condition | None) -> Condition | None:
    """Return what holds if all conditions do, or None if there are none."""
    given = tuple(each for each in conditions if each is not None)
    return AllOf(given) if len(given) > 1 else next(iter(given), None)


def conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """Yield the conditions that must all hold if this one is to."""
    if isinstance(condition, AllOf):
        for each in condition.conditions:
            yield from conjuncts(each)
    elif condition is not None:
        yield condition


def is_pattern(value: Value) -> bool:
    """Return whether a value asked for stands for many."""
    return isinstance(value, str) and "*" in value


def is_any_of(text: str, values: Iterable[str]) -> bool:
    """Return whether a text is one of the values; ``*`` in them is any characters."""
    return any(
        matches_wildcards(text, value) if "*" in value else text == value for value in values
    )


def matches_wildcards(text: str, pattern: str) -> bool:
    """Return whether a pattern is a text, its ``*`` being any characters.

    Each part between two ``*`` is taken where it comes first, so nothing is looked at twice.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return text == first
    last = parts.pop()
    position, end = len(first), len(text) - len(last)
    if position > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for part in parts:
        found = text.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _is_one_of(value: Value | None, values: tuple[Value, ...]) -> bool:
    if value is None:
        return "" in values
    if isinstance(value, int):
        return value in values
    texts = tuple(each for each in values if isinstance(each, str))
    return is_any_of(value, texts)


def _compares(value: int, sign: Sign, bound: int) -> bool:
    match sign:
        case "<":
            return value < bound
        case "<=":
            return value <= bound
        case ">":
            return value > bound
        case ">=":
            return value >= bound
