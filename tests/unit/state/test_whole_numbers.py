"""Numbers in foreign text: only ASCII digits, and no more of them than anybody needs."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dalsegno_state.dynamic_branches import BranchError, _sub_workflow
from dalsegno_state.engine.children import _number
from dalsegno_state.tasks import http_poll, pull_workflow_messages
from dalsegno_state.whole_numbers import whole_number

ROOT = Path(__file__).parents[3]
# Digits to Python, but not to int(); numbers to int(), but too long for it; and no numbers.
HOSTILE: list[Any] = ["²", "①", "1²", "1" * 5000, "-1", "+1", "1_0", "1.0", "", " ", "0x1", "1e3"]


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), (7, 7), (7.0, 7), ("7", 7), (" 7\n", 7), ("007", 7), ("9" * 18, 10**18 - 1)],
)
def test_whole_number(value: Any, number: int) -> None:
    assert whole_number(value) == number


@pytest.mark.parametrize(
    "value",
    [
        *HOSTILE,
        "١٢",
        "\uff19",
        None,
        True,
        False,
        -1,
        1.5,
        1e30,
        float("nan"),
        float("inf"),
        [],
        {},
    ],
)
def test_what_is_no_whole_number(value: Any) -> None:
    assert whole_number(value) is None


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_numbers_are_none_wherever_they_are_read(value: str) -> None:
    assert http_poll.seconds(value) is None
    assert pull_workflow_messages.batch_size(value) is None
    assert _number(value) == value  # left to the model, which refuses it
    if value:
        with pytest.raises(BranchError):
            _sub_workflow({"forkTaskWorkflow": "w", "forkTaskWorkflowVersion": value}, {})


def checks_of_digits(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the functions of a file that ask whether text is digits, and all they ask of text."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            asked = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}
            if asked & {"isdigit", "isdecimal", "isnumeric"}:
                yield f"{path.relative_to(ROOT)}:{node.name}", asked


def test_whoever_asks_for_digits_asks_for_ascii_too() -> None:
    roots = (ROOT / name for name in ("state", "functions", "sdk", "cdk"))
    sources = [path for root in roots for path in root.rglob("*.py")]
    found = dict(pair for path in sources for pair in checks_of_digits(path))
    # A letter of a name, not a number.
    found.pop("sdk/dalsegno/definitions/source/writer.py:bind", None)

    assert found, "nothing was looked at"
    assert [where for where, asked in found.items() if "isascii" not in asked] == []
