"""Secrets and environment values as expressions see them."""

from dalsegno.json_text import read_json
from dalsegno.models import JsonValue


def seen(text: str | None) -> JsonValue:
    """Return what expressions see of a text: what it says, if that is a JSON object or array."""
    if text is None or text.lstrip()[:1] not in {"{", "["}:
        return text
    try:
        return read_json(text)
    except (ValueError, RecursionError):
        return text
