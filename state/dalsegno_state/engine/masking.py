"""Masked fields: what readers of an execution do not get to see."""

from collections.abc import Collection
from typing import Final

from dalsegno.models import JsonObject, JsonValue

MASK: Final = "***"


def masked(payload: JsonObject, names: Collection[str]) -> JsonObject:
    """Return a payload in which the fields of these names, at any depth, have no value."""
    return {k: _masked_field(k, v, names) for k, v in payload.items()} if names else payload


def _masked_field(name: str, value: JsonValue, names: Collection[str]) -> JsonValue:
    return MASK if name in names else _masked_value(value, names)


def _masked_value(value: JsonValue, names: Collection[str]) -> JsonValue:
    if isinstance(value, dict):
        return masked(value, names)
    if isinstance(value, list):
        return [_masked_value(each, names) for each in value]
    return value
