"""The dialect of Conductor's JSONPath library, where others differ or leave things open."""

from collections.abc import Sequence

import pytest
from pydantic import JsonValue

from dalsegno_state.expressions import evaluate, walk

DOCUMENT: JsonValue = {
    "links": [{"@src": "a", "#text": "t", "$ref": "r", "x:y": 1, "1st": 2}],
    "rows": [
        {"id": 1, "name": "a", "z": 0, "tags": ["new", "red"], "on": True, "gone": None},
        {"id": 2, "name": "b", "z": 0.5, "tags": [], "on": False},
        {"id": "3", "name": "Beta", "z": -1, "tags": ["red"], "deep": {"id": 9, "name": "d"}},
    ],
    "matrix": [[1, 2], [3, 4]],
    "one": {"id": 1, "name": "a"},
    "it's": {"a.b": {"c d": 5}},
    "wanted": [1, 2],
}


class Document:
    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        return DOCUMENT if name == "d" else None


def found(path: str) -> JsonValue:
    return evaluate(f"${{{path}}}", Document())


def ids(condition: str) -> JsonValue:
    return found(f"d.rows[?({condition})].id")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d.links[0].@src", "a"),
        ("d.links[*].@src", ["a"]),
        ("d.links[*].#text", ["t"]),
        ("d..$ref", ["r"]),
        ("d.links[*].x:y", [1]),
        ("d.links[0:1].1st", [2]),
        ("d.links[?(@.1st == 2)].@src", ["a"]),
        ("d.links[?(@.#text == 't')].#text", ["t"]),
        (r"d['it\\'s']['a.b']['c d']".replace("\\\\", "\\"), 5),
    ],
)
def test_any_name_may_follow_any_step(path: str, expected: JsonValue) -> None:
    assert found(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d.one['id','name']", {"id": 1, "name": "a"}),
        ("d.one['id', 'nope']", {"id": 1}),
        ("d.rows[0:2]['id','name']", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]),
        ("d.rows[2]['deep','tags'].id", [9]),
        ("d.wanted['id','name']", None),
        ("d.rows[2]..['id','name']", [{"id": "3", "name": "Beta"}, {"id": 9, "name": "d"}]),
    ],
)
def test_several_names_are_one_object_at_the_end_of_a_path(path: str, expected: JsonValue) -> None:
    assert found(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d.rows[-1].id", "3"),
        ("d.rows[0,2].id", [1, "3"]),
        ("d.rows[:2].id", [1, 2]),
        ("d.rows[-2:].id", [2, "3"]),
        ("d.rows[7].id", None),
        ("d.rows[*].deep.id", [9]),
        ("d.rows[*].nope", []),
        ("d.matrix[*][1]", [2, 4]),
        ("d.matrix..[0]", [[1, 2], 1, 3]),
        ("d.one.*", [1, "a"]),
        ("d.rows[2].deep..*", [9, "d"]),
        ("d..id", [1, 2, "3", 9, 1]),
    ],
)
def test_steps_find_what_they_find_in_order(path: str, expected: JsonValue) -> None:
    assert found(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("d.one[?(@.id == 1)].name", ["a"]),
        ("d.one[?(@.id == 2)].name", []),
        ("d.rows..[?(@.name)].name", ["a", "b", "Beta", "d"]),
        ("d.wanted[?(@ > 1)]", [2]),
        ("d.rows[?@.id == 1].name", ["a"]),
    ],
)
def test_filter_tests_an_object_itself_and_the_items_of_a_list(
    path: str, expected: JsonValue
) -> None:
    assert found(path) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("@.id == 1", [1]),
        ("@.id == '1'", [1]),
        ("@.id == 3", ["3"]),
        ("@.id === 3", []),
        ("@.id !== 3", [1, 2, "3"]),
        ("@.z == '0.5'", [2]),
        ("@.id != 1", [2, "3"]),
        ("@.deep.id != 1", [1, 2, "3"]),
        ("@.gone == null", [1]),
        ("@.gone", [1]),
        ("!@.deep", [1, 2]),
        ("!(@.id == 1 || @.id == 2)", ["3"]),
        ("@.on == true", [1]),
        ("@.on == false", [2]),
        ("@.on == 1", []),
        ("@.z<=0&&@.id!=1", ["3"]),
        ("@.z >= -1e0", [1, 2, "3"]),
        ("@.name > 'a'", [2]),
        ("@.name > 1", []),
        ("@.name == 'a' || @.z > 0.1 && @.on == false", [1, 2]),
        ("@.name in ['a', \"Beta\"]", [1, "3"]),
        ("@.id in $.d.wanted", [1, 2]),
        ("@.name nin ['a']", [2, "3"]),
        ("@.tags contains 'red'", [1, "3"]),
        ("@.name CONTAINS 'et'", ["3"]),
        ("@.tags all ['new', 'red']", [1]),
        ("@.tags subsetof ['red', 'blue']", [2, "3"]),
        ("@.tags anyof ['new', 'old']", [1]),
        ("@.tags noneof ['new']", [2, "3"]),
        ("@.tags size 2", [1]),
        ("@.tags empty true", [2]),
        ("@.tags.length() > 0", [1, "3"]),
        ("@.name =~ /b.*/i", [2, "3"]),
        ("@.name =~ /et/", []),
        ("@.tags =~ /n.w/", [1]),
        ("@.id =~ /[0-9]/", [1, 2, "3"]),
        ('@.deep == {"id": 9, "name": "d"}', ["3"]),
        ("@.tags == ['red']", ["3"]),
        ("@.tags[*]", [1, "3"]),
        ("@['name'] == 'b'", [2]),
        ("$.d.one.id == @.id", [1]),
    ],
)
def test_filter_passes_what_its_condition_says(condition: str, expected: JsonValue) -> None:
    assert ids(condition) == expected
