"""No path over no document takes longer than its budget of steps."""

import time

import pytest
from pydantic import JsonValue

from dalsegno_state.expressions import ExpressionError, evaluate, expressions_in, path_error
from tests.unit.state.expressions.test_paths import Documents

_MAX_SECONDS = 20  # of a busy machine; without a budget it is hours


def nested(levels: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(levels):
        value = [value, {"a": value}] if levels < 20 else [value]
    return value


def refused(path: str, **documents: JsonValue) -> str:
    began = time.process_time()
    with pytest.raises(ExpressionError) as caught:
        evaluate({"x": f"${{{path}}}"}, Documents(**documents))
    assert time.process_time() - began < _MAX_SECONDS
    return caught.value.reason


@pytest.mark.parametrize(
    "path",
    [
        "d" + "..*" * 12,
        "d" + "..[*]" * 12,
        "d" + "..*" * 6 + "..[?(@..*)]",
        "d..*[?(@..*[?(@..*[?(@..*)])])]..*..*..*",
    ],
)
def test_deep_scans_of_deep_scans_are_cut_off(path: str) -> None:
    assert "steps" in refused(path, d=nested(90))
    assert "steps" in refused(path, d=nested(12))


@pytest.mark.parametrize(
    "condition",
    [
        " || ".join(["@.a"] * 500),
        f"@ in [{','.join('1' * 1_500)}]",
        "@ in $.d",
        "$.d contains @",
        "@ == $.text || @ == $.other",
        "$.text contains 'xy'",
        "@ =~ /[a-z]*[a-z]*[a-z]*x/ || $.text =~ /[a-z]*[a-z]*[a-z]*x/",
        "$.lists anyof $.d",
        "$.lists == $.lists",
    ],
)
def test_costly_condition_over_many_items_is_cut_off(condition: str) -> None:
    text = "x" * 9_000
    documents: dict[str, JsonValue] = {
        "d": ["y" * 9_000] * 40_000,
        "text": text,
        "other": text,
        "lists": [[[n] for n in range(200)] for _ in range(200)],
    }

    assert "steps" in refused(f"d[?({condition})]", **documents)


def test_all_expressions_of_a_template_share_one_budget() -> None:
    scope = Documents(d=[1] * 100_000, text="x" * 1_000_000)

    for template in (["${d[*]}"] * 10, "${text}" * 1_000, {"a": [{"b": "${d..*}"}] * 10}):
        with pytest.raises(ExpressionError, match="steps"):
            evaluate(template, scope)


@pytest.mark.parametrize(
    "path",
    [
        "a[?(@.b =~ /" + "x" * 600 + "/)]",
        "a[?(@.b =~ /(?:(?:x{200}){200}){9}/)]",
        "a" + "[?(@" * 40 + ")]" * 40,
        "a[?(" + "!" * 3_000 + "@.b)]",
        "a[?(" + "(" * 3_000,
        "a[?(@.b in " + "[" * 3_000,
        "a[?(@.b == " + '{"a":' * 700,
        "a" + ".b" * 1_000,
        "x" * 5_000,
    ],
)
def test_path_beyond_a_bound_is_refused_at_once(path: str) -> None:
    began = time.process_time()

    assert path_error(path)
    assert time.process_time() - began < _MAX_SECONDS


def test_large_document_is_within_the_budget() -> None:
    rows: JsonValue = [{"id": n, "name": f"row {n}", "tags": ["a", "b"]} for n in range(20_000)]

    assert len(list(evaluate("${d..id}", Documents(d=rows)))) == 20_000  # type: ignore[arg-type]
    picked = evaluate("${d[?(@.name =~ /row 1.*/ && @.tags contains 'a')].id}", Documents(d=rows))
    assert isinstance(picked, list)
    assert len(picked) == 11_111


def test_text_of_too_many_expressions_is_refused() -> None:
    text = "${workflow.input.x}" * 2_001

    with pytest.raises(ExpressionError, match="more than 2,000 expressions"):
        evaluate(text, Documents())
    assert [written.fault for written in expressions_in(text)] == [
        "a text holds more than 2,000 expressions"
    ]
