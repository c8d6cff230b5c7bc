"""The tutorial, followed to the letter in an empty folder: with a server, and with crashes."""

import doctest
from pathlib import Path

import httpx
import pytest

from examples.violin_shop.processes import free_port
from tests.docs.pages import DOCS, blocks_of
from tests.docs.shell import Shell
from tests.eventually import eventually

SERVE = "dalsegno dev"
SHOWN = doctest.OutputChecker()


@pytest.mark.waits(15)  # until the tasks of workers that were killed come back, above all
def test_tutorial_leads_where_it_says(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    told = ""

    with Shell(tmp_path, {"DALSEGNO_URL": url, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}) as shell:
        for block in blocks_of(DOCS / "tutorial.md"):
            match block.language:
                case "python":
                    (tmp_path / block.title).write_text(block.code)
                case "sh":
                    told = shell.enter(block.code.replace(SERVE, f"{SERVE} --port {port}"))
                    if SERVE in block.code:
                        eventually(lambda: _is_up(url), bool)
                case "text":
                    assert SHOWN.check_output(block.code, _end_of(told), doctest.ELLIPSIS), told


def _is_up(url: str) -> bool:
    """Wait for the server: a client does so too, but not for as long as a busy machine takes."""
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


def _end_of(told: str) -> str:
    """Return the end of a command's output: pytest shows dots first."""
    lines = told.splitlines(keepends=True)
    return "".join(lines[1:] if told.startswith(".") else lines)
