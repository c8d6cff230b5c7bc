"""A shell in which the commands of a page are typed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

_INSTALLED: Final = re.compile(r"^pip install .*$", re.M)  # the tests have it already


class Shell:
    """A POSIX shell and what it has started; leaving the ``with`` block ends all of it.

    Args:
        directory: Where it begins.
        environment: Variables beside those of this process.
    """

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        commands = str(Path(sys.executable).parent)
        self._errors = directory / "stderr.log"
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=directory,
            env={**os.environ, "PATH": f"{commands}:{os.environ['PATH']}", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors.open("w"),
            text=True,
            start_new_session=True,
        )

    def enter(self, commands: str) -> str:
        """Return what commands print; background jobs go on.

        Raises:
            AssertionError: The last one failed.
        """
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        end = f"end-{uuid4().hex}"
        typed = _INSTALLED.sub(":", commands)
        self._shell.stdin.write(f"{typed}\necho {end} $?\n")
        self._shell.stdin.flush()
        lines = []
        for line in self._shell.stdout:
            if line.startswith(end):
                assert line.split()[1] == "0", f"{commands}{''.join(lines)}{self._failures()}"
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"{commands}{''.join(lines)}{self._failures()}")

    def _failures(self) -> str:
        return self._errors.read_text()

    def __enter__(self) -> Self:
        """Return the shell."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the shell and all that it has started."""
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait(20)
