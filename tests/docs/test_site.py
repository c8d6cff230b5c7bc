"""The documentation can be built as a site: every link leads somewhere, every page is found."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import DOCS, ROOT


def test_site_is_built_without_a_warning(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert built.returncode == 0, built.stderr + built.stdout
    client = (tmp_path / "reference" / "client" / "index.html").read_text()
    assert "Call[" not in client
    assert "Pages[" not in client


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()

    assert [page for page in _pages() if page not in navigation] == []


def _pages() -> list[str]:
    return [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]
