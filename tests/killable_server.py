"""A real server on a directory, to be killed and started again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.violin_shop.processes import free_port
from examples.violin_shop.server import await_answer


class KillableServer:
    """``dalsegno dev``; its port and its data outlive the process."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start a process and return once it answers."""
        command = [str(Path(sys.executable).with_name("dalsegno")), "dev"]
        arguments = ["--port", str(self.port), "--data", str(self._directory)]
        self._process = subprocess.Popen(
            [*command, *arguments, "--log-level", "warning"], stdout=subprocess.DEVNULL
        )
        await_answer(f"{self.url}/health", self._process)

    def kill(self) -> None:
        """End the process with SIGKILL, in the middle of whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self, within_seconds: float) -> int:
        """End the process with SIGTERM; return its exit status, or fail if it does not end."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(within_seconds)


@contextmanager
def running(directory: Path) -> Iterator[KillableServer]:
    """Keep a server on a directory for as long as the context lasts."""
    server = KillableServer(directory)
    server.start()
    try:
        yield server
    finally:
        server.kill()
