"""Every example in the page on testing runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from dalsegno.testing import WorkflowTest
from dalsegno.testing.histories import GoldenHistories

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.S)
TESTS = [
    (example, name) for example in EXAMPLES for name in re.findall(r"def (test_\w+)\(\)", example)
]


@pytest.mark.parametrize(("example", "name"), TESTS, ids=[name for _, name in TESTS])
def test_example_passes(example: str, name: str) -> None:
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102

    names[name]()


def test_example_of_golden_histories_keeps_and_compares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = (each for each in EXAMPLES if "golden_histories" in each)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102
    monkeypatch.chdir(tmp_path)
    tasks = [{"name": name, "taskReferenceName": name} for name in ("book", "fly")]
    (tmp_path / "trip.json").write_text(str({"name": "trip", "tasks": tasks}).replace("'", '"'))

    for update in (True, False):
        golden = GoldenHistories(tmp_path / "histories", update=update)
        names["test_running_trips_can_be_upgraded"](WorkflowTest, golden)


def test_report_is_shown_as_it_is() -> None:
    names: dict[str, Any] = {}
    exec(EXAMPLES[0], names)  # noqa: S102
    test = WorkflowTest(names["ORDER"], task_defs=[names["SHIPPING"]])
    test.mock("charge_card", {"receipt": 7})
    test.mock("ship_order", names["Fails"]("no stock"), names["Fails"]("no stock"), {"parcel": 1})

    assert str(test.run({"amount": 12})) in PAGE
