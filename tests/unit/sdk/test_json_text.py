"""Text that is no Unicode, and numbers that JSON does not know, on their way in and out."""

import json
from pathlib import Path
from typing import Any

import pytest

from dalsegno.client.call import sends, sends_text
from dalsegno.definitions.files import load
from dalsegno.errors import InvalidRequestError
from dalsegno.json_text import decoded, read_json, unicode_json, write_json
from dalsegno.models import StartWorkflowRequest, TaskResult

HALF = "cut \ud83d"
WHOLE = "cut \N{REPLACEMENT CHARACTER}"
SMILE = "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (r'"cut \ud83d"', WHOLE),
        (r'"\uDE00 is the second half"', "\ufffd is the second half"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd" + SMILE),
        (r'"\ud83d\ude00"', SMILE),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\ufffd"),
        (r'"\ud83"', None),
        (r'{"\ud83d": 1}', {"\ufffd": 1}),
        (f'"{HALF}"', WHOLE),
        ('"\ud83d\ude00"', SMILE),
    ],
)
def test_halves_of_characters_are_replaced_and_nothing_else(document: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(ValueError, match="escape"):
            read_json(document)
        return

    assert read_json(document) == expected
    if document.isascii():
        assert json.loads(unicode_json(document.encode())) == expected


def test_halves_in_bytes_are_replaced_and_other_bytes_are_not() -> None:
    assert read_json(b'"\xed\xa0\xbd"') == "\ufffd"
    assert unicode_json(b'"\xe9"') == b'"\xe9"'


@pytest.mark.parametrize("document", ["NaN", '{"a": -Infinity}', "[1e999]", "[-1e999]"])
def test_numbers_that_json_cannot_write_are_not_read(document: str) -> None:
    with pytest.raises(ValueError, match="number"):
        read_json(document)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": {"b": [1.0, float("nan")]}}, "a.b[1] is nan"),
        ([float("inf")], "[0] is inf"),
        (float("-inf"), "the value is -inf"),
        (StartWorkflowRequest(name="w", input={"x": float("nan")}), "input.x is nan"),
        (
            TaskResult(
                workflow_instance_id="w",
                task_id="t",
                status="COMPLETED",
                output_data={"result": [float("inf")]},
            ),
            "outputData.result[0] is inf",
        ),
    ],
)
def test_a_number_that_json_cannot_write_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        sends(value)

    assert place in str(refused.value)


def test_the_words_for_such_numbers_are_texts_like_others() -> None:
    assert json.loads(sends({"a": "NaN", "b": ["Infinity"]})) == {"a": "NaN", "b": ["Infinity"]}


@pytest.mark.parametrize(
    "value",
    [
        {"text": [HALF]},
        StartWorkflowRequest(name="w", input={"text": [HALF]}),
    ],
)
def test_halves_of_characters_are_sent_replaced(value: Any) -> None:
    sent = json.loads(sends(value))

    assert sent.get("input", sent) == {"text": [WHOLE]}
    assert "\ufffd" in sends({HALF: 1}).decode()
    assert sends_text(HALF) == WHOLE.encode()
    assert write_json([HALF]) == json.dumps([WHOLE], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le with mark"]
)
@pytest.mark.parametrize("suffix", [".json", ".yaml"])
def test_definitions_are_read_in_every_encoding_that_says_which_it_is(
    tmp_path: Path, encoding: str, suffix: str
) -> None:
    definition = {"name": "größe", "tasks": [{"name": "t", "taskReferenceName": "t"}]}
    text = json.dumps(definition, ensure_ascii=False)
    file = tmp_path / f"definition{suffix}"
    if "with mark" in encoding:
        file.write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
    else:
        file.write_bytes(text.encode(encoding))

    assert load(file).name == "größe"


def test_a_file_in_another_encoding_is_refused_with_the_line() -> None:
    with pytest.raises(ValueError, match="line 2 is not in utf-8"):
        decoded('{\n"name": "größe"}'.encode("latin-1"))
