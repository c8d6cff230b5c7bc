"""Wildcards of searches, matched in linear time."""

import time
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno_state.conditions import is_any_of, matches_wildcards

_TEXTS = st.text("ab*", max_size=12)


@given(st.text("ab", max_size=12), _TEXTS)
def test_asterisk_stands_for_any_characters(text: str, pattern: str) -> None:
    assert matches_wildcards(text, pattern) == fnmatchcase(text, pattern)


@pytest.mark.parametrize("values", [("a*a",), ("aba", "x"), ("x", "*b*")])
def test_text_is_one_of_several(values: tuple[str, ...]) -> None:
    assert is_any_of("aba", values)
    assert not is_any_of("a", values)
    assert not is_any_of("aba", ())


@pytest.mark.parametrize("pattern", ["*a" * 10_000 + "b", "a*" * 10_000 + "b", "*" * 50_000 + "b"])
def test_many_asterisks_over_a_long_text_take_no_time(pattern: str) -> None:
    began = time.process_time()

    assert not matches_wildcards("a" * 100_000, pattern)

    assert time.process_time() - began < 2
