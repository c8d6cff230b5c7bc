"""The documentation can be built as a site: every link leads somewhere, every name is found."""

import os
import re
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.pages import DOCS, ROOT

PACKAGES = ("definitions", "testing", "workers", "client", "models")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a warning fails it."""
    directory = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", directory],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr + built.stdout
    return directory


def test_every_public_name_has_its_place_in_the_reference(site: Path) -> None:
    _, _, entries = (site / "objects.inv").read_bytes().partition(b"zlib.\n")
    objects = {line.split(" ")[0] for line in zlib.decompress(entries).decode().splitlines()}
    names = {each.rpartition(".")[2] for each in objects}

    for package in PACKAGES:
        public = set(import_module(f"dalsegno.{package}").__all__)
        told = set(re.findall(r"`(\w+)`", (DOCS / "reference" / f"{package}.md").read_text()))
        assert public - names - told == set(), package


def test_operations_of_clients_are_shown_by_what_they_give(site: Path) -> None:
    page = (site / "reference" / "client" / "index.html").read_text()

    assert "Iterator" in page
    assert "Call[" not in page.replace("</span>", "").replace('<span class="p">', "")


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    page = (site / "index.html").read_text()

    assert 'src="http' not in page
    assert 'rel="stylesheet" href="http' not in page


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text()
    pages = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")]

    assert [page for page in pages if f" {page}\n" not in navigation] == []
