"""Every page of the documentation does what it says.

A page is read from top to bottom, as its reader would: all its Python is one program, its tests are
run, blocks titled with a file's name are that file.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from dalsegno.testing.histories import GoldenHistories
from tests.docs.pages import DOCS, Reader, blocks_of

# Read by tests of their own: with a terminal, or with a stack.
ELSEWHERE = {"tutorial": "test_tutorial.py", "deploy": "../cdk/test_deploy_page.py"}
PAGES = sorted(
    page for page in DOCS.rglob("*.md") if page.stem not in ELSEWHERE and blocks_of(page)
)
KNOWN = {"", "json", "pycon", "python", "sh", "text"}


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(DOCS)) for page in PAGES])
def test_page_does_what_it_says(
    page: Path,
    server_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DALSEGNO_URL", server_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    reader = Reader(page, url=server_url, fixture=request.getfixturevalue)

    reader.read()


@pytest.fixture
def golden_histories(tmp_path: Path) -> "Released":
    return Released(tmp_path / "histories")


class Released:
    """Golden histories of a version that is released right now, and is held against itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def check(self, name: str, run: object) -> None:
        """Keep the history, then hold it against the definition."""
        for update in (True, False):
            GoldenHistories(self._directory, update=update).check(name, run)


def test_pages_read_elsewhere_are_read_there() -> None:
    for test in ELSEWHERE.values():
        assert (Path(__file__).parent / test).exists()


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_every_fence_is_of_a_known_kind(page: Path) -> None:
    """A misspelt fence would be code that nobody runs."""
    text = page.read_text(encoding="utf-8")
    fences = re.findall(r"^ *```(.*)$", text, re.M)

    assert len(fences) % 2 == 0
    for opening in fences[::2]:
        assert re.fullmatch(r'(\w*)( title="[^"]+")?', opening), opening
        assert opening.split(" ")[0] in KNOWN, opening
    assert len(blocks_of(page)) == sum(bool(opening) for opening in fences[::2])


def test_report_of_a_run_is_shown_as_it_is() -> None:
    page = DOCS / "testing.md"
    names: dict[str, Any] = {}
    exec(blocks_of(page)[1].code, names)  # noqa: S102  # our own page
    test = names["WorkflowTest"](names["ORDER"], task_defs=[names["SHIPPING"]])
    no_stock = names["Fails"]("no stock")
    test.mock("charge_card", {"receipt": 7})
    test.mock("ship_order", no_stock, no_stock, {"parcel": 1})

    assert str(test.run({"amount": 12})) in page.read_text()
