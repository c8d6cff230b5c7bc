"""The text form of a JSON value within a string, as Java prints it."""

import math
from decimal import Decimal

from pydantic import JsonValue
from pydantic_core import to_json


def json_text(value: JsonValue) -> str:
    """Return a text as it is, and any other value as JSON: for messages to people."""
    return value if isinstance(value, str) else to_json(value).decode()


def java_text(value: JsonValue) -> str:
    """Return ``value`` as Java's ``toString``: ``{a=1, b=[x, null]}``, ``true``, ``1.0E7``."""
    match value:
        case str():
            return value
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case float():
            return _number(value)
        case dict():
            return f"{{{', '.join(f'{key}={java_text(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(java_text, value))}]"
        case _:
            return str(value)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    # Java turns to scientific notation sooner than Python does.
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    leading, *rest = digits
    fraction = "".join(map(str, rest)) or "0"
    return f"{'-' if sign else ''}{leading}.{fraction}E{int(exponent) + len(rest)}"
