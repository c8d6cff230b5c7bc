"""What holds for every command: help with an example, a line in the docs, a quick start."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from dalsegno.cli.app import app
from tests.terminal import Cli, plain

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"
WITHOUT_EXAMPLE = {"dev", "version"}


def _commands(command: object, *before: str) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield before
        return
    for name, each in below.items():
        yield from _commands(each, *before, name)


COMMANDS = list(_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_in_the_docs_and_has_an_example(
    cli: Cli, command: tuple[str, ...]
) -> None:
    name = " ".join(["dalsegno", *command])

    shown = plain(cli.ok(*command, "--help").out)

    assert f"`{name}" in DOCS.read_text()
    if command[0] not in WITHOUT_EXAMPLE:
        assert any(name in line for line in shown.splitlines()[2:]), shown


def test_the_docs_name_no_command_that_is_not_there() -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| `dalsegno ")]
    known = {" ".join(command) for command in COMMANDS}

    for row in rows:
        words = row.split("`")[1].split()[1:]
        assert {" ".join(words[:1]), " ".join(words[:2])} & known, row


def test_exit_statuses_are_in_the_help(cli: Cli) -> None:
    shown = " ".join(plain(cli.ok("--help").out).split())

    assert "0 done, 1 refused, 2 wrong usage, 3 a workflow" in shown


def test_the_command_starts_without_what_few_commands_need() -> None:
    script = "import dalsegno.cli.app, sys; print(*sys.modules)"

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    heavy = {"httpx", "pydantic", "rich.console", "yaml", "dalsegno.models", "dalsegno_state"}
    assert not heavy & set(done.stdout.split())
