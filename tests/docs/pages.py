"""Pages of the documentation: their blocks of code, and how these are run."""

import doctest
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
_BLOCK: Final = re.compile(r'^```(\w+)(?: title="([^"\n]*)")?\n(.*?)^```$', re.M | re.S)
_FILE: Final = re.compile(r"[\w.-]+\.\w+")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        title: Shown above it; the name of a file, if it is one.
        line: Of the page on which its code begins.
    """

    language: str
    title: str
    code: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2] or "", found[3], text.count("\n", 0, found.start(3)))
        for found in _BLOCK.finditer(text)
    ]


class Reader:
    """Does what a page says, block after block, in the working directory.

    Args:
        page: The page.
        url: Of the server that stands in for ``http://127.0.0.1:8080``.
        fixture: Gives what test functions on the page ask for.
        names: What the page may take for granted.
    """

    def __init__(
        self,
        page: Path,
        *,
        url: str = "http://127.0.0.1:8080",
        fixture: Callable[[str], Any] | None = None,
        names: dict[str, Any] | None = None,
    ) -> None:
        self._page = page
        self._url = url
        self._fixture = fixture
        self.names: dict[str, Any] = {"__name__": f"page_{page.stem}".replace("-", "_")}
        self.names.update(names or {})

    def read(self) -> None:
        """Run all Python there is, with its tests; write the files; parse JSON."""
        for block in blocks_of(self._page):
            self._follow(block)

    def _follow(self, block: Block) -> None:
        code = block.code.replace("http://127.0.0.1:8080", self._url)
        if _FILE.fullmatch(block.title):
            Path(block.title).write_text(code, encoding="utf-8")
        match block.language:
            case "json":
                json.loads(code)
            case "python":
                self._execute(code, block.line)
            case "pycon":
                self._converse(code, block.line)

    def _execute(self, code: str, line: int) -> None:
        before = dict(self.names)
        exec(compile("\n" * line + code, str(self._page), "exec"), self.names)  # noqa: S102  # ours
        for name, value in list(self.names.items()):
            if name.startswith("test_") and before.get(name) is not value:
                self._test(value)

    def _test(self, test: Callable[..., None]) -> None:
        wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
        fixture = self._fixture
        test(**{name: fixture(name) for name in wanted} if fixture else {})

    def _converse(self, code: str, line: int) -> None:
        runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
        example = doctest.DocTestParser().get_doctest(
            code, self.names, self._page.stem, str(self._page), line
        )
        runner.run(example, clear_globs=False)
        assert runner.summarize(verbose=False).failed == 0
