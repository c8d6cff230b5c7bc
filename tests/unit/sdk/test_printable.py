"""Text from elsewhere is shown, never obeyed, by a terminal."""

import ast
import io
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.cli import app
from dalsegno.cli.printing import PrintableConsole
from dalsegno.log_lines import TextFormatter
from dalsegno.printable import one_line, printable, printable_json

OBEYED = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))} - {"\n", "\t"} | set(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
FOREIGN = st.text(st.characters() | st.sampled_from(sorted(OBEYED)))


@given(FOREIGN)
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = printable(text)

    assert not OBEYED & set(shown)
    assert printable(shown) == shown
    shown.encode()


@given(FOREIGN)
def test_json_means_the_same_and_holds_no_controls(text: str) -> None:
    shown = printable_json(json.dumps({"k": text}, ensure_ascii=False))

    assert not OBEYED & set(shown)
    assert json.loads(shown) == {"k": text}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\r\nb\tc", "a\\x0d\nb\tc"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("Köln 👩‍🚀 ok", "Köln 👩‍🚀 ok"),
    ],
)
def test_controls_are_escaped_and_all_else_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_console_keeps_its_own_colours() -> None:
    from rich.text import Text

    console = PrintableConsole(width=80)
    console.file = out = io.StringIO()
    console.print(Text("red \x1b]0;owned\x07", style="red"))

    assert r"red \x1b]0;owned" in out.getvalue()
    assert "\x1b]0" not in out.getvalue()


def _record(message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    return logging.LogRecord("n", logging.INFO, "p", 1, message, args, info)


def test_record_of_a_log_is_one_line_whatever_it_tells() -> None:
    forged = "order\n2026-01-01 00:00:00 INFO    dalsegno: all is well\x1b[2K"

    line = TextFormatter("%(levelname)s %(message)s").format(_record("no handler for %s", forged))

    assert line == "INFO no handler for " + one_line(forged)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


def test_traceback_in_a_log_looks_like_no_record() -> None:
    error = ValueError("bad\nINFO forged\x1b[2K")

    first, *traceback = TextFormatter("%(message)s").format(_record("x", error=error)).splitlines()

    assert first == "x"
    assert [line for line in traceback if not line.startswith("  ")] == []
    assert "\x1b" not in "".join(traceback)


def test_commands_print_through_the_console_module_alone() -> None:
    """What a command prints may be foreign: there is one place that makes it printable."""
    root = Path(str(app.__file__)).parent
    found = []
    for path in root.rglob("*.py"):
        if path.name in {"console.py", "printing.py"} or "templates" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in {
                "print",
                "typer.echo",
                "typer.secho",
                "click.echo",
                "Console",
                "sys.stdout.write",
                "sys.stderr.write",
            }:
                found.append(f"{path.relative_to(root)}:{node.lineno}: {_called(node)}")

    assert found == []


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func)
