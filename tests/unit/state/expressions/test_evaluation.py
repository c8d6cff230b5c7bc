import contextlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from dalsegno_state.expressions import ExpressionError, evaluate, references, walk


class Documents:
    def __init__(self, **documents: JsonValue) -> None:
        self.documents = {name.replace("__", "-"): value for name, value in documents.items()}

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        return self.documents.get(name)


SCOPE = Documents(
    workflow={
        "input": {"name": "Ada", "n": 3, "none": None, "key": "items", "tricky": "${workflow.x}"},
        "env": {"REGION": {"id": "eu-1"}},
    },
    a={"output": {"items": [{"id": 1}, {"id": 2}], "x y": True, "map": {"a": 1, "b": "x"}}},
    my__task={"output": {"list": [1, 2.5, None]}},
    CPEWF_TASK_ID="task-1",
)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${workflow.input.n}", 3),
        ("${ workflow.input.n }", 3),
        ("${$.workflow.input.n}", 3),
        ("${workflow.input.none}", None),
        ("${a.output.items}", [{"id": 1}, {"id": 2}]),
        ("${a.output.items[1].id}", 2),
        ("${a.output.items[-1].id}", 2),
        ("${a.output['x y']}", True),
        ('${a["output"]["x y"]}', True),
        ("${my-task.output.list[1]}", 2.5),
        ("${CPEWF_TASK_ID}", "task-1"),
        ("${workflow.env.REGION.id}", "eu-1"),
    ],
)
def test_expression_alone_keeps_its_json_type(template: str, expected: JsonValue) -> None:
    assert evaluate(template, SCOPE) == expected


@pytest.mark.parametrize(
    "template", ["${nobody.output}", "${a.output.items[7]}", "${a.output.items.id}", "${a.x.y}"]
)
def test_missing_path_is_none(template: str) -> None:
    assert evaluate(template, SCOPE) is None


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Hello ${workflow.input.name}!", "Hello Ada!"),
        ("${workflow.input.name}${workflow.input.n}", "Ada3"),
        ("is ${a.output.none}", "is null"),
        ("is ${a.output['x y']}", "is true"),
        ("is ${a.output.map}", "is {a=1, b=x}"),
        ("is ${my-task.output.list}", "is [1, 2.5, null]"),
        ('{"q": {"n": ${workflow.input.n}}}', '{"q": {"n": 3}}'),
    ],
)
def test_embedded_expression_is_printed_as_java_would(template: str, expected: str) -> None:
    assert evaluate(template, SCOPE) == expected


@pytest.mark.parametrize("template", ["${}", "${  }"])
def test_blank_expression_is_the_empty_string(template: str) -> None:
    assert evaluate(template, SCOPE) == ""


def test_inner_expression_is_evaluated_first() -> None:
    assert evaluate("${a.output.${workflow.input.key}[0].id}", SCOPE) == 1


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("$${workflow.input.n}", "${workflow.input.n}"),
        ("a $${x} b ${workflow.input.n}", "a ${x} b 3"),
        ("$$${x}", "$${x}"),
        ("$${a.${workflow.input.n}}", "${a.3}"),
    ],
)
def test_doubled_dollar_is_a_literal_one(template: str, expected: str) -> None:
    assert evaluate(template, SCOPE) == expected


@pytest.mark.parametrize("template", ["${a.output", "${", "a ${ b", "}${", "$ {a}", "{a}"])
def test_unmatched_brace_is_literal(template: str) -> None:
    assert evaluate(template, SCOPE) == template


def test_unmatched_brace_does_not_hide_a_later_expression() -> None:
    assert evaluate("${ and ${workflow.input.n}", SCOPE) == "${ and 3"


def test_values_of_maps_and_lists_are_evaluated_but_keys_are_not() -> None:
    template: JsonValue = {"${workflow.input.name}": [{"deep": "${workflow.input.n}"}, 1, None]}

    assert evaluate(template, SCOPE) == {"${workflow.input.name}": [{"deep": 3}, 1, None]}


@pytest.mark.parametrize("template", ["${workflow.input.tricky}", "${workflow.input}"])
def test_obtained_value_is_not_evaluated_again(template: str) -> None:
    assert "${workflow.x}" in str(evaluate(template, SCOPE))


@pytest.mark.parametrize("template", ["${workflow.secrets.DB}", "user:${workflow.secrets.DB.pw}@"])
def test_secret_stays_a_reference(template: str) -> None:
    assert evaluate(template, SCOPE) == template


def test_secret_named_by_an_expression_stays_a_reference_to_that_name() -> None:
    assert evaluate("${workflow.secrets.${workflow.input.name}}", SCOPE) == (
        "${workflow.secrets.Ada}"
    )


def test_environment_of_the_process_is_never_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2")

    assert evaluate(["${PASSWORD}", "${workflow.env.PASSWORD}"], SCOPE) == [None, None]


def test_errors_of_the_scope_pass_through() -> None:
    class NotLoadedError(Exception):
        pass

    class Unloaded(Documents):
        def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
            raise NotLoadedError(name)

    with pytest.raises(NotLoadedError, match="a"):
        evaluate({"x": ["${a.output}"]}, Unloaded())


@pytest.mark.parametrize(
    "template", ["${" * 100_000 + "}" * 100_000, "${a${b" * 50_000 + "}}" * 50_000]
)
def test_hostile_nesting_is_refused(template: str) -> None:
    with pytest.raises(ExpressionError, match="nested"):
        evaluate(template, SCOPE)


def test_hostile_nesting_of_lists_is_refused() -> None:
    template: JsonValue = "${workflow.input.n}"
    for _ in range(100_000):
        template = [template]

    with pytest.raises(ExpressionError, match="nested too deeply"):
        evaluate(template, SCOPE)


def test_unmatched_braces_without_end_are_literal() -> None:
    template = "${" * 100_000

    assert evaluate(template, SCOPE) == template


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", set()),
        (
            {"k": ["${a.output.x} ${b['output']}", {"l": "${workflow.input.y}"}]},
            {"a", "b", "workflow"},
        ),
        ("${a.${b.output.x}.${c.y}}", {"a", "b", "c"}),
        ("${${a.x}.output}", {"a"}),
        ("${my-task.output..id}", {"my-task"}),
        ("${a.output[?(@.id == $.b.output.id)]}", {"a", "b"}),
        ("$${a.output}", set()),
        ("${}", set()),
        ("${a.output[?(}", {"a"}),
    ],
)
def test_references_are_the_documents_that_expressions_read(
    template: JsonValue, expected: set[str]
) -> None:
    assert references(template) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.text(alphabet="abcxyz_-019", min_size=1, max_size=5)


@st.composite
def documents_with_a_path(draw: st.DrawFn) -> tuple[JsonValue, list[str | int]]:
    value: JsonValue = draw(JSON)
    path: list[str | int] = []
    for step in draw(st.lists(NAMES | st.integers(0, 3), max_size=5)):
        path.insert(0, step)
        value = {step: value} if isinstance(step, str) else [None] * step + [value]
    return value, path


@given(documents_with_a_path(), st.booleans())
def test_value_reached_by_a_path_is_the_one_that_lies_there(
    case: tuple[JsonValue, list[str | int]], quoted: bool
) -> None:
    document, path = case
    named = "['{}']" if quoted else ".{}"
    text = "".join(f"[{s}]" if isinstance(s, int) else named.format(s) for s in path)

    assert evaluate(f"${{a{text}}}", Documents(a=document)) == walk(document, path)


@given(JSON.filter(lambda value: "$" not in str(value)))
def test_template_without_a_dollar_is_unchanged(template: JsonValue) -> None:
    assert evaluate(template, SCOPE) == template


@given(st.text(alphabet="${}ab. '", max_size=12))
def test_value_is_never_evaluated_again_whatever_it_contains(value: str) -> None:
    scope = Documents(a={"output": value}, b="wrong")

    assert evaluate("${a.output}", scope) == value
    assert evaluate("<${a.output}>", scope) == f"<{value}>"


@given(st.text(alphabet="${}a.[]*?()@'\"=~/ \\", max_size=30))
def test_any_text_yields_a_value_or_an_expression_error(template: str) -> None:
    with contextlib.suppress(ExpressionError):
        evaluate(template, SCOPE)
