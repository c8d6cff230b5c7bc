"""In what two JSON values differ, in words."""

import json
from collections.abc import Iterator

from dalsegno.models import JsonValue


def differences(expected: JsonValue, found: JsonValue, path: str = "") -> Iterator[str]:
    """Yield a line for each place at which ``found`` is not as it should be."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in {**expected, **found}:
            inner = f"{path}.{key}" if path else key
            if key not in found:
                yield f"{inner} is missing, and was {_text(expected[key])}"
            elif key not in expected:
                yield f"{inner} is {_text(found[key])}, and was not there"
            else:
                yield from differences(expected[key], found[key], inner)
    elif expected != found:
        yield f"{path} is {_text(found)}, and was {_text(expected)}"


def _text(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)
