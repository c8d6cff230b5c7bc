"""The server under measurement: a process of its own, on a directory of its own."""

import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Return the CPU time its process has used; 0 where the system does not tell."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mb(self) -> float:
        """Return how much of the memory its process occupies."""
        resident_kb = subprocess.check_output(["ps", "-o", "rss=", "-p", str(self.pid)])
        return int(resident_kb) / 1024


@contextmanager
def running_server() -> Iterator[Server]:
    """Serve an empty data directory on disk for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="dalsegno-bench-") as directory:
        port = _free_port()
        command = str(Path(sys.executable).with_name("dalsegno"))
        process = subprocess.Popen(
            [command, "dev", "--port", str(port), "--data", directory, "--log-level", "warning"],
            stdout=subprocess.DEVNULL,
        )
        try:
            _await_answer(port, process)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def _await_answer(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):  # our own
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise TimeoutError("the server did not answer")


def _free_port() -> int:
    with create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
