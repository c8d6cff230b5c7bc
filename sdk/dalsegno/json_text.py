"""JSON text from anywhere: every text in it becomes Unicode, every number is one of JSON."""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from pydantic import JsonValue
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

__all__ = [
    "check_numbers",
    "decoded",
    "not_a_number",
    "plain_json",
    "read_json",
    "unicode_json",
    "unicode_value",
    "write_json",
]

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

# What JSON escapes: a pair of surrogates, half of one, or any other character. The first and the
# last alternative only carry the scan past what has to stay.
_ESCAPES: Final = (
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)
_IN_TEXT: Final = re.compile(_ESCAPES, re.DOTALL)
_IN_BYTES: Final = re.compile(_ESCAPES.encode(), re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SURROGATE_BYTES: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")  # in no valid UTF-8
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def unicode_json(document: str | bytes) -> str | bytes:
    """Return JSON text with half surrogate pairs, escaped or not, replaced by U+FFFD.

    Languages whose texts are UTF-16 cut characters in two; UTF-8, and so every store and most
    clients, cannot hold the halves.
    """
    if isinstance(document, bytes):
        if b"\xed" in document:
            document = _SURROGATE_BYTES.sub(REPLACEMENT.encode(), document)
        if b"\\u" not in document:
            return document
        return _IN_BYTES.sub(lambda found: rb"\ufffd" if found[1] else found[0], document)
    text = unicode_text(document)
    if "\\u" not in text:
        return text
    return _IN_TEXT.sub(lambda found: r"\ufffd" if found[1] else found[0], text)


def unicode_text(text: str) -> str:
    """Return a text with half surrogate pairs replaced by U+FFFD, and two halves joined."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def unicode_value(value: JsonValue) -> JsonValue:
    """Return a JSON value with every text and key in it as ``unicode_text`` returns it."""
    match value:
        case str():
            return unicode_text(value)
        case dict():
            return {unicode_text(key): unicode_value(item) for key, item in value.items()}
        case list():
            return [unicode_value(item) for item in value]
        case _:
            return value


def read_json(document: str | bytes) -> JsonValue:
    """Return the value of JSON text.

    Raises:
        ValueError: It is no JSON, or has a number that JSON cannot write: NaN, Infinity, 1e999.
        RecursionError: It is nested too deeply.
    """
    value: JsonValue = json.loads(
        unicode_json(document), parse_constant=_refuse_number, parse_float=_finite
    )
    return value


def write_json(value: object) -> bytes:
    """Return a value as JSON text in UTF-8; half surrogate pairs are replaced by U+FFFD.

    Raises:
        ValueError: It cannot be written as JSON; names the place of a number that cannot.
    """
    try:
        written = to_json(value, by_alias=True, inf_nan_mode="constants")
    except PydanticSerializationError:
        written = to_json(unicode_value(plain_json(value)), inf_nan_mode="constants")
    return check_numbers(written)


def plain_json(value: Any) -> Any:
    """Return a value as dictionaries, lists and scalars; NaN and infinities are kept.

    Raises:
        ValueError: Something in it has no form in JSON.
    """
    try:
        return to_jsonable_python(value, by_alias=True)
    except UnicodeEncodeError:  # of a key; texts are kept as they are
        return to_jsonable_python(unicode_value(value), by_alias=True)


def check_numbers(written: bytes) -> bytes:
    """Return JSON text that a lenient writer wrote.

    Raises:
        ValueError: It has NaN or an infinity in it; names the place.
    """
    if b"NaN" in written or b"Infinity" in written:
        fault = not_a_number(json.loads(written))
        if fault is not None:
            raise ValueError(fault)
    return written


def not_a_number(value: JsonValue) -> str | None:
    """Return which number in a value JSON cannot write, with its place; None if it can all."""
    place = next(_places(value, ""), None)
    return None if place is None else f"{place}; JSON has no such number"


def decoded(content: bytes) -> str:
    """Return the text of a file, by its byte order mark; without one it is UTF-8.

    Raises:
        ValueError: It is neither UTF-8 nor begins with a byte order mark; names the place.
    """
    found = (name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark))
    encoding = next(found, "utf-8")
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is not in {encoding}: save the file as UTF-8") from error


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is larger than any number of JSON")
    return number


def _places(value: JsonValue, place: str) -> Iterator[str]:
    match value:
        case float() if not math.isfinite(value):
            yield f"{place or 'the value'} is {value}"
        case dict():
            for key, item in value.items():
                yield from _places(item, f"{place}.{key}" if place else key)
        case list():
            for index, item in enumerate(value):
                yield from _places(item, f"{place}[{index}]")
