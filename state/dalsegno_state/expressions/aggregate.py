"""JSONPath's functions over the value a path yields, such as ``.length()`` and ``.sum()``."""

import math
from collections.abc import Callable, Mapping
from typing import Final, TypeGuard

from pydantic import JsonValue

Aggregate = Callable[[JsonValue], JsonValue]


def _length(value: JsonValue) -> JsonValue:
    return len(value) if isinstance(value, dict | list | str) else None


def _keys(value: JsonValue) -> JsonValue:
    return list(value) if isinstance(value, dict) else None


def _first(value: JsonValue) -> JsonValue:
    return value[0] if isinstance(value, list) and value else None


def _last(value: JsonValue) -> JsonValue:
    return value[-1] if isinstance(value, list) and value else None


def _concat(value: JsonValue) -> JsonValue:
    """Return the strings of a list in one; anything else in it is passed over."""
    if not isinstance(value, list):
        return None
    return "".join(item for item in value if isinstance(item, str))


def _mean(numbers: list[float]) -> float:
    return math.fsum(numbers) / len(numbers)


def _deviation(numbers: list[float]) -> float:
    mean = _mean(numbers)
    return math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / len(numbers))


def _is_number(item: JsonValue) -> TypeGuard[int | float]:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _over_numbers(compute: Callable[[list[float]], float]) -> Aggregate:
    """Return the aggregate over the numbers of a list: a double, as in Java, or None of none."""

    def aggregate(value: JsonValue) -> JsonValue:
        if not isinstance(value, list):
            return None
        try:
            numbers = [float(item) for item in value if _is_number(item)]
            return compute(numbers) if numbers else None
        except OverflowError:  # beyond a double
            return None

    return aggregate


AGGREGATES: Final[Mapping[str, Aggregate]] = {
    "length": _length,
    "size": _length,
    "keys": _keys,
    "first": _first,
    "last": _last,
    "concat": _concat,
    "min": _over_numbers(min),
    "max": _over_numbers(max),
    "sum": _over_numbers(math.fsum),
    "avg": _over_numbers(_mean),
    "stddev": _over_numbers(_deviation),
}
