"""The ``dalsegno`` command, as a script and as a person at a terminal run it."""

import fcntl
import io
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import from_json

from dalsegno.cli import main

COMMAND = str(Path(sys.executable).with_name("dalsegno"))
_SILENCE_SECONDS = 120
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True)
class Ran:
    """What a command has printed, and its exit status."""

    status: int
    out: str
    err: str = ""

    @property
    def json(self) -> Any:
        """Return standard output as the JSON that it is, and nothing else."""
        return from_json(self.out)

    @property
    def line(self) -> str:
        """Return the one line of standard output."""
        (line,) = self.out.splitlines()
        return line


class Cli:
    """Runs commands against one server, in this process, with nobody at a terminal."""

    def __init__(
        self, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.url = url
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *arguments: object, stdin: str = "") -> Ran:
        """Run a command, however it ends."""
        self._monkeypatch.setenv("DALSEGNO_URL", self.url)
        self._monkeypatch.setattr(sys, "argv", ["dalsegno", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        out, err = self._capsys.readouterr()
        code = end.value.code
        return Ran(code if isinstance(code, int) else 0, out, err)

    def ok(self, *arguments: object, stdin: str = "") -> Ran:
        """Run a command that ends with status 0."""
        ran = self(*arguments, stdin=stdin)
        assert ran.status == 0, ran
        return ran


def run_script(
    url: str,
    *arguments: str,
    on_line: Callable[[str], object] = lambda _line: None,
    **environment: str,
) -> Ran:
    """Run a command in a process of its own, with its output in pipes."""
    with subprocess.Popen(
        [COMMAND, *arguments],
        env={**os.environ, "DALSEGNO_URL": url, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            on_line(line)
        err = process.stderr.read()
    return Ran(process.returncode, "".join(lines), err)


def run_at_terminal(
    url: str,
    *arguments: str,
    columns: int = 80,
    typed: str = "",
    on_output: Callable[[str], None] | None = None,
    **environment: str,
) -> Ran:
    """Run a command at a terminal of its own; return all that it showed, with its colours."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    given = {"DALSEGNO_URL": url, "TERM": "xterm-256color", **environment}
    kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [COMMAND, *arguments],
        env={**kept, **given},
        stdin=inner,
        stdout=inner,
        stderr=inner,
        start_new_session=True,
    )
    os.close(inner)
    shown = b""
    while block := _read(outer):
        shown += block
        if typed and shown.endswith(b" "):  # asked: what was typed before is thrown away
            os.write(outer, typed.encode())
            typed = ""
        if on_output is not None:
            on_output(plain(shown.decode(errors="ignore")))
    os.close(outer)
    return Ran(process.wait(60), shown.decode().replace("\r\n", "\n"))


def plain(text: str) -> str:
    """Return a text without colours and movements of the cursor."""
    return _CONTROL.sub("", text)


def _read(terminal: int) -> bytes:
    ready, _, _ = select.select([terminal], [], [], _SILENCE_SECONDS)
    assert ready, f"nothing was shown for {_SILENCE_SECONDS} seconds"
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the command has ended
        return b""
