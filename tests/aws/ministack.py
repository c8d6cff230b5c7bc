"""An emulator of AWS over HTTP, as a process of its own."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSION = "1.5.33"
_START_SECONDS = 30
_HOST = "127.0.0.1"


class MinistackMissingError(Exception):
    """The emulator is not installed and cannot be."""


def executable() -> Path:
    """Return the emulator's executable, installed into a cache directory if need be.

    It pins botocore, so it gets an environment of its own.

    Raises:
        MinistackMissingError: It cannot be installed.
    """
    named = os.environ.get("DALSEGNO_MINISTACK") or shutil.which("ministack")
    if named:
        return Path(named)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = caches / "dalsegno" / f"ministack-{VERSION}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with (place.parent / "ministack.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes start at the same time
        if not (place / "complete").exists():
            _install(place)
    return place / "bin" / "ministack"


@contextmanager
def running() -> Iterator[str]:
    """Give the address of a running emulator. Raises MinistackMissingError."""
    program = executable()
    port = _free_port()
    address = f"http://{_HOST}:{port}"
    process = subprocess.Popen(
        [program],
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "BIND_HOST": _HOST,  # it listens everywhere by default
            "GATEWAY_PORT": str(port),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_healthy(address, process)
        yield address
    finally:
        process.kill()
        process.wait()


def _install(place: Path) -> None:
    try:
        for command in (
            [sys.executable, "-m", "venv", "--clear", place],
            [place / "bin" / "pip", "install", "--quiet", f"ministack=={VERSION}"],
        ):
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.SubprocessError) as error:
        raise MinistackMissingError(f"ministack {VERSION} cannot be installed: {error}") from error
    (place / "complete").touch()


def _wait_until_healthy(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=1).close()  # noqa: S310
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise MinistackMissingError(f"ministack does not answer at {address}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
