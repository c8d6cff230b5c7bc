"""No JSON schema over any value takes this process's time or memory."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from dalsegno.models import JsonObject, JsonValue, SchemaDef
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.schema_weight import UNBOUNDED, weight_of
from dalsegno_state.schemas import breach, schema_fault

SMALL: JsonObject = {
    "$id": "https://example.org/order",
    "type": "object",
    "properties": {"id": {"type": "integer"}, "lines": {"items": {"$ref": "#/$defs/line"}}},
    "required": ["id"],
    "$defs": {"line": {"type": "object", "properties": {"sku": {"pattern": "^[A-Z]+$"}}}},
}


class Counting:
    """A checker that is not expected to be asked, unless it says so."""

    def __init__(self, scripts: SandboxedScripts) -> None:
        self.scripts = scripts
        self.asked = 0

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        self.asked += 1
        return self.scripts.schema_errors(schema, values)


@pytest.fixture(scope="module")
def scripts() -> Iterator[SandboxedScripts]:
    sandbox = SandboxedScripts(timeout_seconds=1, memory_bytes=64 << 20)
    yield sandbox
    sandbox.close()


@pytest.fixture
def checker(scripts: SandboxedScripts) -> Counting:
    return Counting(scripts)


def a_schema(data: JsonObject) -> SchemaDef:
    return SchemaDef(name="order", version=1, type="JSON", data=data)


def fan_out(levels: int) -> JsonObject:
    """Return a schema that tries two ways at each level: twice as much work with each of them."""
    defs: dict[str, Any] = {f"d{levels}": {"type": "string"}}
    for level in range(levels):
        below = {"properties": {"a": {"$ref": f"#/$defs/d{level + 1}"}}}
        defs[f"d{level}"] = {"anyOf": [below, below]}
    return {"$defs": defs, "$ref": "#/$defs/d0"}


def nested(levels: int) -> JsonObject:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value  # type: ignore[no-any-return]


def test_small_schema_is_checked_here(checker: Counting) -> None:
    order: JsonObject = {"id": 1, "lines": [{"sku": "AB"}] * 20}
    assert schema_fault(a_schema(SMALL), checker) is None
    assert breach(a_schema(SMALL), order, "input", checker) is None

    told = breach(a_schema(SMALL), {"lines": [{"sku": "a"}]}, "input", checker)

    assert told is not None
    assert "input.lines[0].sku: " in told
    assert '"id" is a required property' in told
    assert checker.asked == 0


def test_large_value_is_checked_elsewhere_with_the_same_words(checker: Counting) -> None:
    schema = a_schema({"properties": {"n": {"items": {"enum": list(range(100))}}}})
    small, large = ({"n": [*range(100)] * times + [-1]} for times in (1, 2_000))

    told = breach(schema, small, "input", checker)  # type: ignore[arg-type]
    assert checker.asked == 0
    told_of_large = breach(schema, large, "input", checker)  # type: ignore[arg-type]

    assert checker.asked == 1
    assert told is not None
    assert told_of_large == told.replace("n[100]", "n[200000]")


HOSTILE: list[tuple[JsonObject, JsonObject]] = [
    (fan_out(40), nested(40)),
    ({"$defs": {"t": {"anyOf": [{"properties": {"a": {"$ref": "#/$defs/t"}}}] * 3}},
      "$ref": "#/$defs/t", "not": {"$ref": "#/$defs/t"}}, nested(60)),
    ({"properties": {"a": {"items": {"oneOf": [{"pattern": f"^x{n}y+z"} for n in range(190)]}}}},
     {"a": ["x" * 30] * 100_000}),
    ({"properties": {"a": {"items": {"enum": [[n] for n in range(4_000)]}}}},
     {"a": [[n] for n in range(50_000)]}),
    ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"b": [n]} for n in range(100_000)]}),
    ({"properties": {"a": {"pattern": "^(?:(?:[a-z]{1,300}){1,300})x$"}}}, {"a": "y" * 1_000_000}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "value"), HOSTILE, ids=range(len(HOSTILE)))
def test_costly_check_leaves_this_process_alone(
    checker: Counting, data: JsonObject, value: JsonObject
) -> None:
    began = time.process_time()

    fault = schema_fault(a_schema(data), checker)
    told = breach(a_schema(data), value, "input", checker)

    # Writing and reading a large value is all that is done here.
    assert time.process_time() - began < 3
    assert checker.asked >= 1 or fault is not None or told is not None


def test_check_without_an_end_is_a_breach_that_says_so(checker: Counting) -> None:
    told = breach(a_schema(fan_out(40)), nested(40), "input", checker)

    assert told is not None
    assert told.startswith("cannot be checked by schema order: the script ran ")


@pytest.mark.parametrize(
    ("data", "bound"),
    [
        ({"enum": ["x" * 1_000] * 300}, "characters"),
        ({"enum": list(range(20_000))}, "values"),
        ({"oneOf": [{"pattern": "a"}] * 300}, "patterns"),
        ({"patternProperties": {f"a{n}": {} for n in range(300)}}, "patterns"),
        ({"not": nested(80)}, "levels"),
    ],
)
def test_schema_beyond_a_bound_is_refused(checker: Counting, data: JsonObject, bound: str) -> None:
    fault = schema_fault(a_schema(data), checker)

    assert fault is not None
    assert "schema order has more than" in fault
    assert fault.endswith(bound)
    assert checker.asked == 0


def test_pattern_that_cannot_be_compiled_is_refused_wherever_it_is_looked_at(
    checker: Counting,
) -> None:
    for data in ({"pattern": "(?=a)"}, {"oneOf": [{"pattern": "(?=a){1}"}] * 20}):
        fault = schema_fault(a_schema(data), checker)  # type: ignore[arg-type]
        assert fault is not None
        assert fault.startswith("schema order is no JSON Schema: ")
    assert checker.asked == 1


@pytest.mark.parametrize(
    "data",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"items": {"$ref": "#/$defs/a"}}}},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.org/other"},
        {"items": {"$dynamicRef": "#x"}},
        {"$defs": {f"d{n}": {"$ref": f"#/$defs/d{n + 1}"} for n in range(3_000)}},
    ],
)
def test_weight_of_what_leads_anywhere_has_no_bound(data: JsonObject) -> None:
    assert weight_of(data) == UNBOUNDED


def test_weight_counts_a_part_as_often_as_it_is_referred_to() -> None:
    assert weight_of(fan_out(10)) > 2**10
    assert weight_of(SMALL) < 400
