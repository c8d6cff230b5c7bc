"""The tables of ``docs/compatibility``, as rows."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "compatibility"


@dataclass(frozen=True)
class Row:
    """What a line of a table says.

    Attributes:
        names: What it is about: endpoints, task types, methods; ``*`` stands for anything.
        tests: Those that show it, as ``path::function`` or ``path: title``.
    """

    names: tuple[str, ...]
    verdict: str
    tests: tuple[str, ...]

    @property
    def is_refused(self) -> bool:
        """True if what it is about is not to be had."""
        return self.verdict.startswith("refused")

    def covers(self, name: str) -> bool:
        """Return whether the row is about this."""
        return any(fnmatchcase(name, each) for each in self.names)


@cache
def rows(page: str) -> tuple[Row, ...]:
    """Return the rows of all tables of a page, in order."""
    return tuple(_rows((PAGES / f"{page}.md").read_text()))


def uncovered(page: str, names: set[str]) -> list[str]:
    """Return those names that no row of the page is about."""
    return sorted(each for each in names if not any(row.covers(each) for row in rows(page)))


def is_there(test: str) -> bool:
    """Return whether a test that a row names exists."""
    path, _, function = test.partition("::")
    if function:
        return function in _functions(ROOT / path)
    path, _, title = test.partition(": ")
    file = ROOT / path
    return file.suffix == ".mjs" and file.exists() and title != "" and title in file.read_text()


def _rows(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        if not line.startswith("| `"):
            continue
        names, verdict, tests = line.strip("| ").split(" | ")
        yield Row(_quoted(names), verdict, _quoted(tests))


def _quoted(cell: str) -> tuple[str, ...]:
    return tuple(re.findall("`([^`]+)`", cell))


@cache
def _functions(path: Path) -> frozenset[str]:
    if not path.exists():
        return frozenset()
    body = ast.parse(path.read_text()).body
    return frozenset(node.name for node in body if isinstance(node, ast.FunctionDef))
