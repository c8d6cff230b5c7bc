"""No text that was obtained is ever taken for a reference to a secret."""

import json
from collections.abc import Sequence
from functools import partial
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from dalsegno_state.aws import codec as aws_codec
from dalsegno_state.expressions import (
    as_template,
    evaluate,
    resolve_secret,
    reveal_secrets,
    walk,
    written_secrets,
)
from dalsegno_state.redaction import Redactor
from dalsegno_state.sqlite import codec as sqlite_codec
from tests.builders import a_task

SECRET: Final = "S3CRET-VALUE-1234"  # noqa: S105  (the test's own)
_PIECES: Final = st.sampled_from(
    [
        "${workflow.secrets.T}",
        "${ workflow.secrets.T }",
        "$${workflow.secrets.T}",
        "${workflow.secrets.${workflow.input.x}}",
        "workflow.secrets.T",
        "${",
        "$",
        "{",
        "}",
        "\\",
        "${workflow.input.v}",
        "ü",
    ]
)
TEXTS: Final = st.lists(_PIECES | st.text(max_size=4), max_size=5).map("".join)
VALUES: Final = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


class _Input:
    def __init__(self, value: JsonValue) -> None:
        self._workflow: JsonValue = {"input": {"v": value, "x": "T"}}

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        return self._workflow if name == "workflow" else None


def _revealed(value: JsonValue) -> JsonValue:
    return reveal_secrets(value, partial(resolve_secret, secret={"T": SECRET}.get))


@given(VALUES)
def test_obtained_value_is_handed_out_as_it_is(value: JsonValue) -> None:
    assert _revealed(evaluate("${workflow.input.v}", _Input(value))) == value


@given(TEXTS, TEXTS)
def test_text_around_data_reveals_what_the_definition_names_alone(before: str, data: str) -> None:
    escaped = before.replace("$", "").replace("{", "")
    template = f"{escaped}${{workflow.input.v}}|${{workflow.secrets.T}}|${{workflow.input.v}}"

    assert _revealed(evaluate(template, _Input(data))) == f"{escaped}{data}|{SECRET}|{data}"


@given(VALUES)
def test_definition_made_of_data_names_no_secret(value: JsonValue) -> None:
    shown = json.dumps(_revealed(evaluate(as_template(value), _Input(None))))

    assert SECRET not in shown


@given(VALUES, VALUES)
def test_stores_keep_references_apart_from_data(written: JsonValue, data: JsonValue) -> None:
    inputs = evaluate(
        {"own": written_secrets(written), "data": data, "t": "<${workflow.secrets.T}>"},
        _Input(None),
    )
    assert isinstance(inputs, dict)
    inputs = {"data": data, "own": written_secrets(written), "t": inputs["t"]}
    task = a_task(input=inputs, output={"data": data})

    again = sqlite_codec.decode_task(sqlite_codec.encode_task(task))
    on_aws = aws_codec._TASK.lengthen(json.loads(aws_codec.encode_task(task)))

    for stored in (again.input, on_aws["input"]):
        assert isinstance(stored, dict)
        assert _revealed(stored) == _revealed(inputs)
        assert stored["data"] == data
    assert again.output == on_aws["output"] == {"data": data}


@given(st.text(min_size=4, max_size=40), st.text(max_size=10), st.text(max_size=10))
def test_no_form_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    redactor = Redactor([secret])

    for form in (secret, json.dumps(secret), json.dumps(secret, ensure_ascii=False)):
        assert secret not in redactor.text(before + form + after).replace("***", "")
