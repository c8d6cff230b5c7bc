"""An AWS emulator on this machine, for as long as a ``with`` block lasts."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_START_SECONDS: Final = 180.0
_STOP_SECONDS: Final = 10.0


class EmulatorError(Exception):
    """The emulator did not start; the message holds the end of its log."""


class Emulator:
    """Ministack in a process of its own, on a free port of 127.0.0.1; its state ends with it.

    Attributes:
        url: What ``AWS_ENDPOINT_URL`` is to be.
        pid: Its process; those that run functions are its children.
        log: What it and the functions have written.
    """

    def __init__(self, program: Path) -> None:
        self._program = program
        self._folder = Path(tempfile.mkdtemp(prefix="dalsegno-aws-"))
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = self._folder / "emulator.log"

    def __enter__(self) -> Self:
        """Start it and wait until it answers."""
        environment = {
            "BIND_HOST": "127.0.0.1",  # it listens to the whole network otherwise
            "GATEWAY_PORT": str(self._port),
            "HOME": str(self._folder),
            "PATH": os.environ.get("PATH", ""),
            "TMPDIR": str(self._folder),
        }
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  (our own program)
                [str(self._program)],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._await_health(self._process)
        except EmulatorError:
            self._stop(self._process)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it, and the functions with it; what it wrote goes too, unless something failed."""
        if self._process is not None:
            self._stop(self._process)
        if error is None:
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Its process."""
        return 0 if self._process is None else self._process.pid

    def _await_health(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with suppress(urllib.error.URLError, OSError):
                health = f"{self.url}/_ministack/health"
                with urllib.request.urlopen(health, timeout=2):  # noqa: S310  (our own http URL)
                    return
            time.sleep(0.1)
        text = self.log.read_text(encoding="utf-8", errors="replace")
        raise EmulatorError(f"the emulator does not answer at {self.url}: {text[-2000:]}")

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Ask it to end, then insist; the group that it leads is ours alone."""
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
