"""The tutorial, followed to the letter in an empty folder: with a server, and with crashes."""

import doctest
from pathlib import Path

from examples.violin_shop.processes import free_port
from tests.docs.pages import DOCS, blocks_of
from tests.docs.shell import Shell

SHOWN = doctest.OutputChecker()


def test_tutorial_leads_where_it_says(tmp_path: Path) -> None:
    port = free_port()
    serve = f"dalsegno dev --port {port}"
    told = ""

    with Shell(tmp_path, {"DALSEGNO_URL": f"http://127.0.0.1:{port}"}) as shell:
        for block in blocks_of(DOCS / "tutorial.md"):
            match block.language:
                case "python":
                    (tmp_path / block.title).write_text(block.code)
                case "sh":
                    told = shell.enter(block.code.replace("dalsegno dev", serve))
                case "text":
                    assert SHOWN.check_output(block.code, _end_of(told), doctest.ELLIPSIS), told


def _end_of(told: str) -> str:
    """Return the end of a command's output: pytest shows dots first."""
    lines = told.splitlines(keepends=True)
    return "".join(lines[1:] if told.startswith(".") else lines)
