"""What checking a value by a JSON schema may cost, told from the schema alone."""

from collections.abc import Iterator
from typing import Final

from dalsegno.models import JsonObject, JsonValue

MAX_SCHEMA_CHARACTERS: Final = 200_000
MAX_SCHEMA_DEPTH: Final = 64
MAX_SCHEMA_VALUES: Final = 10_000
MAX_SCHEMA_PATTERNS: Final = 200
UNBOUNDED: Final = 1 << 62
"""The weight of a schema whose references lead back to it, or anywhere but into its own text."""

_PATTERN_WEIGHT: Final = 50
_COUNTED_PATTERN_WEIGHT: Final = 1_000  # a repetition such as {1,500} is compiled that many times
_MAX_CHAIN: Final = 100
_ELSEWHERE: Final = frozenset({"$dynamicRef", "$recursiveRef", "$id", "id"})


def bounds_fault(schema: JsonObject) -> str | None:
    """Return which bound a schema breaks, or None."""
    characters = patterns = 0
    for values, (key, value, depth) in enumerate(_values(schema), start=1):
        characters += len(key) + (len(value) if isinstance(value, str) else 4)
        patterns += key == "pattern"
        patterns += len(value) if key == "patternProperties" and isinstance(value, dict) else 0
        for count, limit, what in (
            (characters, MAX_SCHEMA_CHARACTERS, "characters"),
            (values, MAX_SCHEMA_VALUES, "values"),
            (patterns, MAX_SCHEMA_PATTERNS, "patterns"),
            (depth, MAX_SCHEMA_DEPTH, "levels"),
        ):
            if count > limit:
                return f"has more than {limit:,} {what}"
    return None


def weight_of(schema: JsonObject) -> int:
    """Return how many values a schema has, with each reference replaced by what it names.

    Checking a value takes no more steps than this times the number of values within it.
    """
    return _Weights(schema).of(schema)


class _Weights:
    """The weights of parts of a schema, each found once."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._named: dict[str, int] = {}
        self._chain = 0

    def of(self, part: JsonValue) -> int:
        """Return the weight of a part and of all that it refers to."""
        weight = 0
        own_name = 1 if part is self._root else -1  # the name of the whole changes no reference
        for key, value, depth in _values(part):
            weight += 1 + (len(value) // 50 if isinstance(value, str) else 0)
            if key == "$ref":
                weight += self._of_reference(value)
            elif key in _ELSEWHERE and isinstance(value, str) and depth != own_name:
                return UNBOUNDED
            elif key == "pattern" and isinstance(value, str):
                weight += _of_pattern(value)
            elif key == "patternProperties" and isinstance(value, dict):
                weight += sum(map(_of_pattern, value))
            if weight >= UNBOUNDED:
                return UNBOUNDED
        return weight

    def _of_reference(self, reference: JsonValue) -> int:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return UNBOUNDED
        if reference not in self._named:
            self._named[reference] = UNBOUNDED  # what leads back here stays so
            part = _at(self._root, reference)
            if part is not None and self._chain < _MAX_CHAIN:
                self._chain += 1
                self._named[reference] = self.of(part)
                self._chain -= 1
        return self._named[reference]


def _of_pattern(pattern: str) -> int:
    return (_COUNTED_PATTERN_WEIGHT if "{" in pattern else _PATTERN_WEIGHT) + len(pattern)


def _at(root: JsonValue, pointer: str) -> JsonValue:
    part = root
    for step in pointer.removeprefix("#").split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        part = part.get(key) if isinstance(part, dict) else None
    return part if pointer == "#" or pointer.startswith("#/") else None


def _values(value: JsonValue) -> Iterator[tuple[str, JsonValue, int]]:
    """Yield a value and all within it, each with its key and how deep it is."""
    pending: list[tuple[str, JsonValue, int]] = [("", value, 0)]
    while pending:
        key, value, depth = pending.pop()
        yield key, value, depth
        if isinstance(value, dict):
            pending.extend((inner, each, depth + 1) for inner, each in value.items())
        elif isinstance(value, list):
            pending.extend(("", each, depth + 1) for each in value)
