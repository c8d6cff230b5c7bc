"""Names of SQS queues: any text, in the few characters that SQS allows, and back.

A letter, a digit and ``_`` stand for themselves, ``-`` is doubled, any other byte is ``-`` and its
two hexadecimal digits: ``eu:charge-card`` becomes ``eu-3acharge--card``. A name that gets too
long ends in ``-z`` and a hash; its queue carries the whole name in a tag.
"""

import hashlib
import re
from typing import Final

_LONGEST: Final = 80
_LONGEST_TAG: Final = 256
_HASH_DIGITS: Final = 20
_ENCODED: Final = re.compile(r"(?:[A-Za-z0-9_]|--|-[0-9a-f]{2})*")
_HASHED: Final = re.compile(_ENCODED.pattern + r"-z[0-9a-f]{20}")
_PART: Final = re.compile(rb"--|-([0-9a-f]{2})")
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")

NAME_TAG: Final = "dalsegno:queue"


def sqs_name(prefix: str, name: str) -> str:
    """Return the SQS name of a queue."""
    encoded = encode_name(name)
    if len(prefix) + len(encoded) <= _LONGEST:
        return prefix + encoded
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:_HASH_DIGITS]
    room = _LONGEST - len(prefix) - _HASH_DIGITS - len("-z")
    head = _ENCODED.match(encoded[:room])  # not in the middle of an escape
    return f"{prefix}{head[0] if head else ''}-z{digest}"


def name_of(prefix: str, queue: str) -> str | None:
    """Return the name that an SQS name stands for; None if only its tag tells, or nothing."""
    encoded = queue.removeprefix(prefix)
    if not queue.startswith(prefix) or not _ENCODED.fullmatch(encoded):
        return None
    return decode_name(encoded)


def is_hashed(prefix: str, queue: str) -> bool:
    """Return whether a queue's name was too long for SQS, so that its tag tells it."""
    return queue.startswith(prefix) and _HASHED.fullmatch(queue.removeprefix(prefix)) is not None


def tag_value(name: str) -> str:
    """Return what a queue's tag says; SQS takes 256 characters, of few kinds."""
    return encode_name(name)[:_LONGEST_TAG]


def encode_name(name: str) -> str:
    """Return a text in letters, digits, ``_`` and ``-``."""
    return "".join(
        chr(byte) if byte in _PLAIN else "--" if byte == ord("-") else f"-{byte:02x}"
        for byte in name.encode(errors="surrogatepass")
    )


def decode_name(encoded: str) -> str:
    """Return the text that ``encode_name`` encoded."""
    plain = _PART.sub(
        lambda part: b"-" if part[1] is None else bytes([int(part[1], 16)]), encoded.encode()
    )
    return plain.decode(errors="surrogatepass")
