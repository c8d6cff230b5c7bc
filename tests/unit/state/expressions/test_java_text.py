import pytest
from pydantic import JsonValue

from dalsegno_state.expressions.text import java_text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (False, "false"),
        (10**20, "1" + "0" * 20),
        (1.5, "1.5"),
        (100.0, "100.0"),
        (0.001, "0.001"),
        (1e-4, "1.0E-4"),
        (1.25e-7, "1.25E-7"),
        (9999999.0, "9999999.0"),
        (1e7, "1.0E7"),
        (-123456789.125, "-1.23456789125E8"),
        (float("nan"), "NaN"),
        (float("-inf"), "-Infinity"),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [1, {"b": None}], "c": "x y"}, "{a=[1, {b=null}], c=x y}"),
    ],
)
def test_value_is_printed_as_java_would(value: JsonValue, expected: str) -> None:
    assert java_text(value) == expected
