"""What DynamoDB charges for reading and writing items, from their sizes.

For emulators, which do not count; rules as of the developer guide, "Capacity unit consumption".
"""

import math
from collections.abc import Iterable
from typing import Any, Final

from dalsegno_state.aws.layout import Index
from dalsegno_state.aws.table import Item

_WRITE_BYTES: Final = 1024
_READ_BYTES: Final = 4096


def item_bytes(item: Item) -> int:
    """Return the size of an item: the names and values of its attributes."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(before: Item | None, after: Item | None, indexes: Iterable[Index] = ()) -> int:
    """Return what a write costs that found ``before`` and left ``after``, indexes included.

    A write whose condition failed found and left the same.
    """
    size_bytes = max(item_bytes(before or {}), item_bytes(after or {}))
    units = max(1, math.ceil(size_bytes / _WRITE_BYTES))
    return units + sum(_index_units(index, before, after) for index in indexes)


def read_units(items: Iterable[Item], *, is_consistent: bool = True) -> float:
    """Return what reading items in one query costs; half as much if not consistent."""
    size_bytes = sum(map(item_bytes, items))
    units = max(1, math.ceil(size_bytes / _READ_BYTES))
    return units if is_consistent else units / 2


def _index_units(index: Index, before: Item | None, after: Item | None) -> int:
    """Return one for an entry that comes or goes; an entry with another key does both."""
    old, new = _entry(index, before), _entry(index, after)
    if old == new:
        return 0
    return (old is not None) + (new is not None)


def _entry(index: Index, item: Item | None) -> tuple[object, object] | None:
    if item is None or index.partition not in item or index.sort not in item:
        return None
    return item[index.partition], item[index.sort]


def _value_bytes(value: Any) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "B":
            return len(content)
        case "NS":
            return sum(map(_number_bytes, content))
        case "SS":
            return sum(len(member.encode()) for member in content)
        case "M":
            return 3 + len(content) + item_bytes(content)
        case "L":
            return 3 + len(content) + sum(map(_value_bytes, content))
        case _:
            return 1


def _number_bytes(digits: str) -> int:
    """Return about half the digits, and one; trailing zeros are free."""
    significant = digits.lstrip("-").strip("0").replace(".", "")
    return math.ceil(len(significant) / 2) + 1 + digits.startswith("-")
