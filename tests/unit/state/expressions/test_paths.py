from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from dalsegno_state.expressions import ExpressionError, evaluate, path_error, walk

DOCUMENTS: dict[str, JsonValue] = {
    "a": {
        "output": {
            "items": [{"id": 1, "tag": "x"}, {"id": 2, "tag": "yy"}],
            "numbers": [2, 4, 4, 4, 5, 5, 7, 9],
            "words": ["do", "re", 3],
            "map": {"k": 1, "l": 2},
            "empty": [],
            "text": "four",
        }
    },
    "my-task": {"output": {"id": 2}},
}


class Scope:
    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(DOCUMENTS.get(name), path)

    def document(self, name: str) -> JsonValue:
        return DOCUMENTS.get(name)


class Documents:
    def __init__(self, **documents: JsonValue) -> None:
        self.documents = documents

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(self.documents.get(name), path)

    def document(self, name: str) -> JsonValue:
        return self.documents.get(name)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.output.items[*].id", [1, 2]),
        ("a.output.items[0:1].id", [1]),
        ("a.output.items[-1:].id", [2]),
        ("a.output.items[0,1].id", [1, 2]),
        ("a.output.items[?(@.id>1)]", [{"id": 2, "tag": "yy"}]),
        ("a.output.items[?(@.tag == 'x' && @.id < 5)].id", [1]),
        ("a.output.items[?(@.tag =~ /Y+/i)].id", [2]),
        ("a..id", [1, 2]),
        ("a.output.map.*", [1, 2]),
        ("a.output.items[?(@.id == $.my-task.output.id)].tag", ["yy"]),
    ],
)
def test_path_that_may_match_many_yields_a_list(path: str, expected: JsonValue) -> None:
    assert evaluate(f"${{{path}}}", Scope()) == expected


@pytest.mark.parametrize(
    "path", ["a.output.missing[*]", "nobody[*]", "a.output.text[*]", "a..nope"]
)
def test_path_that_matches_nothing_yields_an_empty_list(path: str) -> None:
    assert evaluate(f"${{{path}}}", Scope()) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.output.items.length()", 2),
        ("a.output.map.size()", 2),
        ("a.output.text.length()", 4),
        ("a.output.map.keys()", ["k", "l"]),
        ("a.output.words.first()", "do"),
        ("a.output.words.last()", 3),
        ("a.output.words.concat()", "dore"),
        ("a.output.numbers.min()", 2.0),
        ("a.output.numbers.max()", 9.0),
        ("a.output.numbers.sum()", 40.0),
        ("a.output.numbers.avg()", 5.0),
        ("a.output.numbers.stddev()", 2.0),
        ("a.output.items[*].id.sum()", 3.0),
        ("a..tag.length()", 2),
        ("a.output.map.keys().length()", 2),
    ],
)
def test_function_applies_to_what_the_path_yields(path: str, expected: JsonValue) -> None:
    assert evaluate(f"${{{path}}}", Scope()) == expected


@pytest.mark.parametrize("function", ["min", "max", "avg", "sum", "stddev", "first", "last"])
def test_function_of_nothing_is_none(function: str) -> None:
    assert evaluate(f"${{a.output.empty.{function}()}}", Scope()) is None
    assert evaluate(f"${{a.output.missing.{function}()}}", Scope()) is None


@pytest.mark.parametrize("path", ["workflow.input.x", "my-task.output['a b'][0]", "a..b[?(@.c>1)]"])
def test_valid_path_has_no_error(path: str) -> None:
    assert path_error(path) is None


@pytest.mark.parametrize(
    "path",
    [
        "a.b[?(",
        "a[",
        "a.",
        "a..",
        "a b",
        ".a",
        "$",
        "a.b[?(@.x =~ /(?=x)y/)]",
        "a.b[?(@.x =~ /x/q)]",
        "a.b[?(@.x is 1)]",
        "a.b[?(1)]",
        "a.b[?(@.x == )]",
        "a.b[1,]",
        "a.b['x',2]",
        "a.b.length().c",
        "a.b]",
        "a.f()",
        "a['x",
        "'a'.b",
    ],
)
def test_invalid_path_is_explained_and_refused(path: str) -> None:
    assert path_error(path)
    with pytest.raises(ExpressionError) as caught:
        evaluate(f"${{{path}}}", Scope())
    assert path in str(caught.value)


@pytest.mark.parametrize("selector", ["[*]", ".*", "..x", ".first()", "[?(@.a)]", "["])
def test_hostile_length_is_refused(selector: str) -> None:
    assert path_error("a" + selector * 50_000)


def test_deep_scan_goes_as_deep_as_the_document() -> None:
    nested: JsonValue = {"y": "bottom"}
    for _ in range(5_000):
        nested = {"x": nested}

    assert evaluate("${deep..y}", Documents(deep=nested)) == ["bottom"]
