"""Redaction: values without the secrets that somebody was told, however these are written."""

import html
import json
import re
import string
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote

from pydantic import JsonValue
from pydantic_core import to_json

from dalsegno_state.expressions import java_text

REDACTED: Final = "***"
# Shorter texts stand in most values by chance; as secrets they protect nothing.
MIN_SECRET_CHARACTERS: Final = 4
# Patterns for longer ones take long to be made, and to be looked for.
_MAX_PATTERN_CHARACTERS: Final = 4_000

_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-_.~")
_BASE64: Final = frozenset(string.ascii_letters + string.digits + "+/-_")
_PADDING: Final = re.compile(r"(?:[A-Za-z0-9+/_-]|%2[bBfF]){0,2}(?:=|%3[dD]){0,2}")
_ESCAPED: Final = r"\\{0,8}+"  # by JSON within JSON
_MAX_BEGINNING: Final = 1_000
# How many characters of base64 depend on what stands before a text, by its place among the three
# bytes that four characters encode.
_BASE64_LEAD: Final = (0, 2, 3)


class Redactor:
    """Replaces secrets by ``***`` wherever they occur in a value.

    It finds a secret as it is, percent-encoded, escaped as in JSON, in Python's notation or in
    HTML, in base64 whatever stands around it, and its beginning where a text was cut off; in
    letters of either case, as clients change that of hosts. Secrets of more than 4,000 characters
    are found only as common libraries write them.

    Args:
        secrets: What was told: texts, numbers, or objects and lists of them.
    """

    def __init__(self, secrets: Iterable[JsonValue]) -> None:
        told = {text for secret in secrets for text in _texts(secret)}
        texts = sorted(told, key=len, reverse=True)
        self._texts = [text for text in texts if len(text) >= MIN_SECRET_CHARACTERS]
        short = [text for text in self._texts if len(text) <= _MAX_PATTERN_CHARACTERS]
        long = [text for text in self._texts if len(text) > _MAX_PATTERN_CHARACTERS]
        self._long = [form for text in long for form in _common_forms(text)]
        self._plain = _any_of(f"(?i:{p})" for text in short for p in _patterns(text))
        self._base64 = _any_of(p for text in short for p in _base64_patterns(text))

    def value(self, value: JsonValue) -> JsonValue:
        """Return a JSON value without the secrets, in keys and numbers too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return REDACTED if self._is_secret(value) else value
        return value

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        for form in self._long:
            text = text.replace(form, REDACTED)
        if self._plain is not None and self._base64 is not None:
            text = self._without_base64(self._base64, self._plain.sub(REDACTED, text))
        return self._without_beginning(text)

    def _is_secret(self, number: float) -> bool:
        whole = str(int(number)) if isinstance(number, float) and number.is_integer() else ""
        return any(text in self._texts for text in (str(number), java_text(number), whole))

    def _without_base64(self, pattern: re.Pattern[str], text: str) -> str:
        """Replace secrets in base64, with the characters that encode their first and last bits."""
        kept: list[str] = []
        position = 0
        for match in pattern.finditer(text):
            start = match.start()
            if start > position and text[start - 1] in _BASE64:
                start -= 1
            kept += (text[position:start], REDACTED)
            tail = _PADDING.match(text, match.end())
            position = match.end() if tail is None else tail.end()
        return "".join([*kept, text[position:]])

    def _without_beginning(self, text: str) -> str:
        """Replace the beginning of a secret at the end of a text that was cut off."""
        for secret in self._texts:
            longest = min(len(secret) - 1, len(text), _MAX_BEGINNING)
            for size in range(longest, MIN_SECRET_CHARACTERS - 1, -1):
                if text.endswith(secret[:size]):
                    return text[:-size] + REDACTED
        return text


def _texts(secret: JsonValue) -> Iterator[str]:
    if isinstance(secret, str):
        yield secret
    elif isinstance(secret, dict | list):
        yield to_json(secret).decode()
        for item in secret.values() if isinstance(secret, dict) else secret:
            yield from _texts(item)
    elif secret is not None and not isinstance(secret, bool):
        yield java_text(secret)


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    pattern = _either(dict.fromkeys(patterns))
    return re.compile(pattern) if pattern else None


def _common_forms(text: str) -> Iterator[str]:
    """Yield how common libraries write a text, the longest forms first."""
    quoted = quote(text, errors="replace"), quote(text, safe="", errors="replace")
    in_json = json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]
    notations = repr(text)[1:-1], html.escape(text), text
    cores = list(_base64_cores(text))
    url_safe = [core.replace("+", "-").replace("/", "_") for core in cores]
    yield from sorted({*quoted, *in_json, *notations, *cores, *url_safe}, key=len, reverse=True)


def _patterns(text: str) -> Iterator[str]:
    yield re.escape(text)
    yield re.escape(json.dumps(json.dumps(text)[1:-1])[1:-1])
    yield re.escape(quote(quote(text, errors="replace"), safe=""))
    yield "".join(map(_character, text))


def _character(character: str) -> str:
    """Return a pattern of every way to write a character; possessive, so that it stays linear."""
    if character in _UNRESERVED:
        return re.escape(character)
    if character == "%":
        return "(?>%25|%)"
    encoded = "".join(map(_percent, character.encode(errors="replace")))
    plain = [encoded, re.escape(html.escape(character)), re.escape(character)]
    plain += ["%(?:25)?20", r"\+"] if character == " " else []
    if character == "\\":
        return rf"(?>{encoded}|\\\\|\\)"
    as_bytes = repr(character.encode(errors="replace"))[2:-1]
    escapes = {json.dumps(character)[1:-1], ascii(character)[1:-1], as_bytes}
    tails = [re.escape(each[1:]) for each in sorted(escapes) if each.startswith("\\")]
    forms = [rf"\\{{1,8}}+(?:{_either(tails)})"] if tails else []
    return f"(?>{_either([*forms, rf'{_ESCAPED}(?:{_either(plain)})'])})"


def _either(patterns: Iterable[str]) -> str:
    return "|".join(patterns)


def _percent(byte: int) -> str:
    high, low = (f"[{d}{d.lower()}]" if d.isalpha() else d for d in f"{byte:02X}")
    return f"%(?:25)?{high}{low}"


def _base64_patterns(text: str) -> Iterator[str]:
    for core in _base64_cores(text):
        if len(core) >= MIN_SECRET_CHARACTERS:
            yield "".join(_base64_character(character) for character in core)


def _base64_cores(text: str) -> Iterator[str]:
    """Yield what of a text's base64 depends on the text alone, by what may stand before it."""
    content = text.encode(errors="replace")
    for offset, lead in enumerate(_BASE64_LEAD):
        whole = (offset + len(content)) * 8 // 6  # characters that nothing behind it changes
        yield b64encode(bytes(offset) + content).decode()[lead:whole]


def _base64_character(character: str) -> str:
    if character == "+":
        return "(?:[+-]|%2[bB])"
    if character == "/":
        return r"(?:\\{0,8}+[/_]|%2[fF])"
    return character
