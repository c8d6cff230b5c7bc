"""Schemas of inputs and outputs: what a value breaks, in words."""

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from dalsegno.models import JsonObject, SchemaDef, SchemaType

if TYPE_CHECKING:
    from jsonschema_rs import Validator

_MOST_TOLD: Final = 5
_LONGEST_TOLD: Final = 200
_MOST_REMEMBERED: Final = 256


def schema_fault(schema: SchemaDef) -> str | None:
    """Return why a schema cannot be enforced, or None; one without its own text is not looked at.

    References to other documents and patterns with look-around or back-references are refused:
    nothing is fetched, and no pattern takes longer than its text is long.
    """
    if schema.type is not SchemaType.JSON:
        return f"schema {schema.name} is of type {schema.type}: only JSON schemas can be enforced"
    if schema.data is None:
        return None
    try:
        _validator(json.dumps(schema.data, sort_keys=True))
    except ValueError as error:
        return f"schema {schema.name} is no JSON Schema: {_first_line(error)}"
    return None


def breach(schema: SchemaDef, value: JsonObject, name: str) -> str | None:
    """Return what of a value breaks a schema, path by path below ``name``, or None."""
    fault = schema_fault(schema)
    if fault is None and schema.data is None:
        fault = f"schema {schema.name}, version {schema.version}, is not registered"
    if fault is not None:
        return fault
    errors = _validator(json.dumps(schema.data, sort_keys=True)).iter_errors(value)
    told = [
        f"{name}{_path(error.instance_path)}: {error.message[:_LONGEST_TOLD]}"
        for error, _ in zip(errors, range(_MOST_TOLD), strict=False)
    ]
    return f"breaks schema {schema.name}: {'; '.join(told)}" if told else None


def _path(parts: list[str | int]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _first_line(error: ValueError) -> str:
    return str(error).split("\n", 1)[0][:_LONGEST_TOLD]


@lru_cache(_MOST_REMEMBERED)
def _validator(text: str) -> "Validator":
    import jsonschema_rs  # slow to load, and most functions and workflows need none

    return jsonschema_rs.validator_for(
        json.loads(text),
        mask="the value",  # which may be large, or masked for readers
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )
