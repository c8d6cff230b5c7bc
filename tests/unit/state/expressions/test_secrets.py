from collections.abc import Sequence
from functools import partial

import pytest
from pydantic import JsonValue

from dalsegno_state.expressions import (
    SecretText,
    as_template,
    evaluate,
    put_secrets,
    resolve_secret,
    reveal_secrets,
    secret_places,
    walk,
    written_secrets,
)

VAULT: dict[str, JsonValue] = {
    "DB": "hunter2",
    "JSON": '{"user": {"name": "ada"}}',
    "MAP": {"port": 5432, "hosts": ["a", "b"]},
    "TRICKY": "${workflow.secrets.DB}",
}


class Documents:
    """``Scope`` over documents given as they are."""

    def __init__(self, **documents: JsonValue) -> None:
        self._documents = documents

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        return self._documents.get(name)


def handed_out(template: JsonValue, **inputs: JsonValue) -> JsonValue:
    """Return what a worker gets where a definition says ``template``."""
    evaluated = evaluate(template, Documents(workflow={"input": inputs}))
    return reveal_secrets(evaluated, partial(resolve_secret, secret=VAULT.get))


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("${workflow.secrets.DB}", "hunter2"),
        ("${ workflow.secrets.DB }", "hunter2"),
        ("${workflow.secrets.MAP}", {"port": 5432, "hosts": ["a", "b"]}),
        ("${workflow.secrets.MAP.port}", 5432),
        ("${workflow.secrets.MAP.hosts[1]}", "b"),
        ("${workflow.secrets.JSON.user.name}", "ada"),
        ("ada:${workflow.secrets.DB}@${workflow.secrets.MAP.port}", "ada:hunter2@5432"),
        ({"k": ["${workflow.secrets.DB}"]}, {"k": ["hunter2"]}),
        ("${workflow.secrets.${workflow.input.name}}", "hunter2"),
        ("$${workflow.secrets.DB}", "${workflow.secrets.DB}"),
        ("-${workflow.secrets.TRICKY}-", "-${workflow.secrets.DB}-"),
    ],
)
def test_what_a_definition_names_is_replaced_by_the_secret(
    template: JsonValue, expected: JsonValue
) -> None:
    assert handed_out(template, name="DB") == expected


@pytest.mark.parametrize("name", ["NONE", "DB.x", "MAP.x", "MAP[?(", ""])
def test_missing_secret_is_none_and_nothing_within_text(name: str) -> None:
    assert handed_out(f"${{workflow.secrets.{name}}}") is None
    assert handed_out(f"<${{workflow.secrets.{name}}}>") == "<>"


@pytest.mark.parametrize(
    ("template", "inputs", "expected"),
    [
        ("${workflow.input.x}", {"x": "${workflow.secrets.DB}"}, "${workflow.secrets.DB}"),
        ("a ${workflow.input.x}", {"x": "${workflow.secrets.DB}"}, "a ${workflow.secrets.DB}"),
        ("${${workflow.input.x}}", {"x": "workflow.secrets.DB"}, None),
        ("${workflow.${workflow.input.x}}", {"x": "secrets.DB"}, None),
        ("${workflow.input.x}{workflow.secrets.DB}", {"x": "$"}, "${workflow.secrets.DB}"),
        (
            "${workflow.input.x} ${workflow.secrets.DB} ${workflow.input.x}",
            {"x": "${workflow.secrets.DB}"},
            "${workflow.secrets.DB} hunter2 ${workflow.secrets.DB}",
        ),
        (
            "${workflow.input.list.concat()}",
            {"list": ["${workflow.", "secrets.DB}"]},
            "${workflow.secrets.DB}",
        ),
        ("${workflow.secrets.${workflow.input.x}}", {"x": "NO} ${workflow.secrets.DB"}, None),
    ],
)
def test_what_data_says_stays_text(
    template: JsonValue, inputs: dict[str, JsonValue], expected: JsonValue
) -> None:
    assert handed_out(template, **inputs) == expected


def test_reference_looks_like_what_the_definition_says() -> None:
    evaluated = evaluate("key: ${ workflow.secrets.DB }", Documents())

    assert evaluated == "key: ${workflow.secrets.DB}"


def test_reference_within_a_value_passes_on_with_it() -> None:
    inputs = evaluate({"key": "Bearer ${workflow.secrets.DB}"}, Documents())

    passed_on = evaluate(
        ["${workflow.input.key}", "to ${workflow.input.key}!", "${workflow.input}"],
        Documents(workflow={"input": inputs}),
    )

    assert reveal_secrets(passed_on, partial(resolve_secret, secret=VAULT.get)) == [
        "Bearer hunter2",
        "to Bearer hunter2!",
        {"key": "Bearer hunter2"},
    ]


def test_template_from_data_makes_no_references_but_those_it_was_given() -> None:
    own = evaluate("own ${workflow.secrets.DB}", Documents())
    definition = {"theirs": "${workflow.secrets.DB} ${ workflow.secrets.MAP }", "own": own}

    assert handed_out(as_template(definition)) == {
        "theirs": "${workflow.secrets.DB} ${ workflow.secrets.MAP }",
        "own": "own hunter2",
    }


@pytest.mark.parametrize(
    "text",
    [
        "${workflow.secrets.DB}",
        "a ${workflow.secrets.DB} b ${ workflow.secrets.MAP }",
        "${workflow.secrets.${workflow.input.name}}",
        "$${workflow.secrets.DB} workflow.secrets.DB",
    ],
)
def test_definition_taken_as_it_stands_keeps_its_references(text: str) -> None:
    written = written_secrets({"k": [text]})

    assert written == {"k": [text]}
    assert as_template(written) == {"k": [text]}


def test_references_are_made_again_from_their_places() -> None:
    reference = SecretText("Bearer ${workflow.secrets.DB}", ((7, 29),))
    value: JsonValue = {"a": [1, {"b": reference}], "same": str(reference)}

    places = [[list(path), [list(span) for span in spans]] for path, spans in secret_places(value)]
    again = put_secrets({"a": [1, {"b": str(reference)}], "same": str(reference)}, places)

    assert places == [[["a", 1, "b"], [[7, 29]]]]
    assert secret_places(again) == secret_places(value)


def test_nesting_of_a_value_has_no_bound() -> None:
    value: JsonValue = "${workflow.secrets.DB}"
    for _ in range(5_000):
        value = [value]

    assert secret_places(as_template(written_secrets(value))) == ()
    assert len(secret_places(written_secrets(value))) == 1
