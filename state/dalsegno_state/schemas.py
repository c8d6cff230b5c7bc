"""Schemas of inputs and outputs: what a value breaks, in words.

What can be checked at little cost is checked here. The rest is done by a child process with limits
of its own, for the validator holds the interpreter's lock while it works.
"""

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol

from pydantic_core import to_json

from dalsegno.models import JsonObject, JsonValue, SchemaDef, SchemaType
from dalsegno_state.schema_weight import bounds_fault, weight_of
from dalsegno_state.scripts import ScriptError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

_MOST_TOLD: Final = 5
_LONGEST_TOLD: Final = 200
_MOST_REMEMBERED: Final = 256
# Weights of schemas, and products of these with the bytes of a value, that take some milliseconds.
_MAX_WEIGHT_HERE: Final = 5_000
_MAX_CHECK_HERE: Final = 2_000_000
# An error tells its value and all errors within it, so errors cost more than to know of them.
_MAX_ERRORS_HERE: Final = 100_000
_MAX_PATTERN_BYTES: Final = 64 * 1024


class SchemaChecker(Protocol):
    """Checks values where neither time nor memory can run out; see ``Scripts``."""

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        ...


def schema_fault(schema: SchemaDef, checker: SchemaChecker | None) -> str | None:
    """Return why a schema cannot be enforced, or None; one without its own text is not looked at.

    References to other documents and patterns with look-around or back-references are refused:
    nothing is fetched, and no pattern takes longer than its text is long.

    Args:
        schema: What is to be registered.
        checker: Compiles it if that may be costly; None leaves such a schema unchecked.
    """
    if schema.type is not SchemaType.JSON:
        return f"schema {schema.name} is of type {schema.type}: only JSON schemas can be enforced"
    if schema.data is None:
        return None
    if (fault := bounds_fault(schema.data)) is not None:
        return f"schema {schema.name} {fault}"
    text = json.dumps(schema.data, sort_keys=True)
    try:
        if _is_light(text):
            _validator(text)
        elif checker is not None:
            checker.schema_errors(text, [])
    except (ValueError, ScriptError) as error:
        return f"schema {schema.name} is no JSON Schema: {_first_line(error)}"
    return None


def breach(schema: SchemaDef, value: JsonObject, name: str, checker: SchemaChecker) -> str | None:
    """Return what of a value breaks a schema, path by path below ``name``, or None."""
    fault = schema_fault(schema, None)
    if fault is None and schema.data is None:
        fault = f"schema {schema.name}, version {schema.version}, is not registered"
    if fault is not None:
        return fault
    try:
        errors = _errors(json.dumps(schema.data, sort_keys=True), value, checker)
    except (ValueError, ScriptError) as error:
        return f"cannot be checked by schema {schema.name}: {_first_line(error)}"
    told = [f"{name}{_path(path)}: {message}" for path, message in errors]
    return f"breaks schema {schema.name}: {'; '.join(told)}" if told else None


def _errors(
    text: str, value: JsonObject, checker: SchemaChecker
) -> list[tuple[list[JsonValue], str]]:
    """Return the path and the message of the first errors."""
    if _is_light(text):
        cost = _weight(text) * len(to_json(value))
        validator = _validator(text)
        if cost <= _MAX_CHECK_HERE and validator.is_valid(value):
            return []
        if cost <= _MAX_ERRORS_HERE:
            errors = zip(range(_MOST_TOLD), validator.iter_errors(value), strict=False)
            return [([*error.instance_path], error.message[:_LONGEST_TOLD]) for _, error in errors]
    return [(path, message) for path, message in _pairs(checker.schema_errors(text, [value]))]


def _pairs(found: Iterable[JsonValue]) -> Iterable[tuple[list[JsonValue], str]]:
    for each in found:
        match each:
            case [list() as path, str() as message]:
                yield path, message
            case _:
                raise ValueError(f"no error of a schema: {each}")


def _path(parts: list[JsonValue]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:_LONGEST_TOLD]


def _is_light(text: str) -> bool:
    return _weight(text) <= _MAX_WEIGHT_HERE


@lru_cache(_MOST_REMEMBERED)
def _weight(text: str) -> int:
    return weight_of(json.loads(text))


@lru_cache(_MOST_REMEMBERED)
def _validator(text: str) -> "Validator":
    import jsonschema_rs  # slow to load, and most functions and workflows need none

    return jsonschema_rs.validator_for(
        json.loads(text),
        mask="the value",  # which may be large, or masked for readers
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_MAX_PATTERN_BYTES),
    )
