"""``dalsegno init``: a project to begin with."""

import keyword
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import typer

from dalsegno import __version__
from dalsegno.cli.console import Exit, give_up, say

# What stands in the templates for what is different in each project.
_NAME: Final = "project-name"
_PACKAGE: Final = "project_package"
_VERSION: Final = ">=0.0.0"
_RENAMED: Final = {"gitignore": ".gitignore"}  # it would hide files of ours
_TOP: Final = PurePosixPath()
_LEFT_ALONE: Final = frozenset({".git", ".venv", "venv"})


def init(
    directory: Annotated[
        Path, typer.Argument(file_okay=False, help="Where; made if absent.", metavar="DIR")
    ] = Path(),
) -> None:
    """Write a small project: a workflow, its workers, tests, and a CDK app that deploys them.

    It is named after its directory, which must be empty but for `.git` and a virtual environment.

    [dim]dalsegno init shop[/dim]
    """
    directory = directory.resolve()
    name, package = _names(directory.name)
    if directory.is_dir() and any(each.name not in _LEFT_ALONE for each in directory.iterdir()):
        give_up(f"{directory} is not empty, and nothing in it was changed")
    written = []
    for path, text in _rendered(name, package):
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        written.append(path)
    say(_told(directory, package, written))


def _names(folder: str) -> tuple[str, str]:
    """Return the names of the project and of its package; end if the folder's name gives none."""
    words = re.findall(r"[a-z0-9]+", folder.lower())
    name, package = "-".join(words), "_".join(words)
    is_taken = package in {"dalsegno", "tests", "app"} or keyword.iskeyword(package)
    if not package.isidentifier() or is_taken:
        give_up(f"{folder!r} cannot be the name of a Python package: choose another", Exit.USAGE)
    return name, package


def _rendered(name: str, package: str) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the project's files, by where they go."""
    changes = {_NAME: name, _PACKAGE: package, _VERSION: f">={__version__}"}
    for path, file in _templates(files("dalsegno.cli") / "templates" / "project", _TOP):
        parts = (package if part == _PACKAGE else _RENAMED.get(part, part) for part in path.parts)
        text = file.read_text(encoding="utf-8")
        for placeholder, value in changes.items():
            text = text.replace(placeholder, value)
        yield PurePosixPath(*parts), text


def _templates(
    folder: Traversable, path: PurePosixPath
) -> Iterator[tuple[PurePosixPath, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda found: found.name):
        if each.name == "__pycache__":
            continue
        if each.is_dir():
            yield from _templates(each, path / each.name)
        else:
            yield path / each.name, each


def _told(directory: Path, package: str, written: list[PurePosixPath]) -> str:
    shown = Path(directory.name) if directory.parent == Path.cwd() else directory
    is_here = directory == Path.cwd()
    steps = [
        *([] if is_here else [(f"cd {shown}", "")]),
        ("pip install -e .", "in a virtual environment"),
        ("pytest", "the workflow, on the real engine in memory"),
        ("dalsegno dev", "a server, in a terminal of its own"),
        (f"dalsegno worker run {package}.workers", "the workers, in another"),
        (f"dalsegno def push {package}/workflow.py", "registers the workflow"),
        (_RUN, ""),
    ]
    width = max(len(command) for command, why in steps if why)
    lines = [f"    {command:<{width}}  {why}".rstrip() for command, why in steps]
    made = [f"  {path}" for path in written]
    return "\n".join([f"made {directory}:", *made, "", "next:", "", *lines, ""])


_RUN: Final = """dalsegno workflow run order -i '{"items": ["bow"], "card": "4242"}'"""
