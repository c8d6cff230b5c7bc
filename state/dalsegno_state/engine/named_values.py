"""Rules for names and values of secrets and of the environment."""

import re
from typing import Final

from dalsegno.errors import InvalidRequestError, PayloadTooLargeError

# What an expression can name, and both of AWS's stores take; a dot would begin a path.
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


def is_name(name: str) -> bool:
    """Return whether a secret or a value of the environment can have this name."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str, *, taken: frozenset[str] = frozenset()) -> None:
    """Raise InvalidRequestError if nothing new may have this name."""
    if not is_name(name):
        raise InvalidRequestError(
            f"key: expected up to 128 of letters, digits, _ and -, got {name[:200]!r}"
        )
    if name in taken:
        raise InvalidRequestError(f"key: {name} is a path of the API, and cannot be a name")


def check_value(value: str, *, most_bytes: int) -> None:
    """Raise if a value is empty or too long; the message never holds the value.

    Raises:
        InvalidRequestError: It is empty.
        PayloadTooLargeError: It is longer than ``most_bytes``.
    """
    if not value:
        raise InvalidRequestError("the request needs the value as its body")
    length = len(value.encode(errors="surrogatepass"))
    if length > most_bytes:
        raise PayloadTooLargeError(f"the value has {length} bytes; {most_bytes} are the most")
