"""Processes of the demo: each writes to a log file and is ended by its own id."""

import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_POLITE_SECONDS: Final = 8.0
_INTERRUPTIONS: Final = (signal.SIGINT, signal.SIGTERM)


class Processes:
    """All processes of one run; leaving the ``with`` block ends those that still live."""

    def __init__(self, log_directory: Path) -> None:
        self._log_directory = log_directory
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Return this collection."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End what still lives, the youngest first; a second Ctrl-C does not cut that short."""
        handlers = {each: signal.signal(each, signal.SIG_IGN) for each in _INTERRUPTIONS}
        for process in reversed(self._started):
            end(process)
        for each, handler in handlers.items():
            signal.signal(each, handler)

    def start(
        self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own, so that Ctrl-C reaches it only through us."""
        with self.log_of(name).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  # the commands are our own
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def log_of(self, name: str) -> Path:
        """Return where a process's output goes."""
        return self._log_directory / f"{name}.log"


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to stop, then insist; its own children end with it."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_POLITE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
