"""Text from elsewhere, made safe to print."""

import re
from typing import Final

# Terminals obey C0, DEL and C1; bidirectional controls show text in another order than it has;
# half a surrogate pair cannot be written at all.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text that no terminal obeys: controls but ``\\n`` and ``\\t`` are escaped."""
    return _UNPRINTABLE.sub(lambda found: _escaped(found[0], "\\x"), text)


def printable_json(text: str) -> str:
    """Return JSON text with the same meaning and its controls escaped as JSON does."""
    return _UNPRINTABLE.sub(lambda found: _escaped(found[0], "\\u00"), text)


def one_line(text: str) -> str:
    """Return a text as one printable line."""
    return printable(text).replace("\n", "\\n")


def _escaped(character: str, short: str) -> str:
    code = ord(character)
    return f"{short}{code:02x}" if code < 0x100 else f"\\u{code:04x}"
