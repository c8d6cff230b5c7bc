"""Whole numbers in foreign JSON, which expressions may have made texts of."""

from typing import Final

from dalsegno.models import JsonValue

_MAX_DIGITS: Final = 18  # fits into 64 bits, and into a double near enough for a time


def whole_number(value: JsonValue) -> int | None:
    """Return a whole number, not negative, that is given as such or as text; None if it is none.

    Only ASCII digits count: Python also takes ``²`` for a digit, and reads thousands of digits in
    a time that grows with their square.
    """
    match value:
        case bool():
            return None
        case int() | float():
            is_whole = 0 <= value < 10**_MAX_DIGITS and value == int(value)
            return int(value) if is_whole else None
        case str():
            text = value.strip()
            is_whole = text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS
            return int(text) if is_whole else None
        case _:
            return None
