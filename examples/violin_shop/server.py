"""The server of the demo: ``dalsegno dev``, killed and started again on the same directory."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from examples.violin_shop.processes import Processes, free_port

_START_SECONDS = 180.0


class NotServingError(Exception):
    """A process did not begin to answer in time, or died."""


class Server:
    """A Dalsegno server whose port and data directory outlive its process."""

    def __init__(self, processes: Processes, data: Path) -> None:
        self._processes = processes
        self._data = data
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        """What a Conductor SDK is pointed at."""
        return f"{self.url}/api"

    @property
    def pid(self) -> int:
        """Id of the process, 0 before the first."""
        return 0 if self._process is None else self._process.pid

    def start(self) -> float:
        """Start a process and return the seconds until it answered."""
        began = time.monotonic()
        command = str(Path(sys.executable).with_name("dalsegno"))
        arguments = ["dev", "--port", str(self.port), "--data", str(self._data)]
        self._process = self._processes.start("server", [command, *arguments])
        await_answer(f"{self.url}/health", self._process)
        return time.monotonic() - began

    def kill(self) -> int:
        """End the process with SIGKILL, in the middle of whatever it does; return how it ended."""
        if self._process is None:
            raise NotServingError("there is no server to kill")
        self._process.kill()
        return self._process.wait()


def await_answer(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Return as soon as a process answers at a URL; raises ``NotServingError``."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotServingError(f"process {process.pid} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310  # our own http URL
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise NotServingError(f"nothing answered at {url} within {_START_SECONDS:.0f} s")
