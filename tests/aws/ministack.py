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
from tempfile import TemporaryFile
from typing import Final

from tests.aws import moved_time

VERSION = "1.5.33"
_START_SECONDS = 200  # it takes 2, where it need not share the machine
_HOST = "127.0.0.1"

# It only grows, so all the tests of a session share it.
_moved_file: Final = TemporaryFile(buffering=0)  # noqa: SIM115  # for as long as the process
MOVED_TIME: Final = moved_time.MovedTime(_moved_file.fileno())


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
    """Give the address of a running emulator, whose SQS goes by ``MOVED_TIME``.

    Raises:
        MinistackMissingError: It cannot be installed.
        AssertionError: It does not answer.
    """
    interpreter = executable().resolve().with_name("python")
    port = _free_port()
    address = f"http://{_HOST}:{port}"
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            # -P: its package is not this folder's module of the same name.
            [interpreter, "-P", moved_time.__file__, str(_moved_file.fileno())],
            pass_fds=[_moved_file.fileno()],
            env={
                "PATH": os.environ["PATH"],
                "HOME": os.environ.get("HOME", "/"),
                "BIND_HOST": _HOST,  # it listens everywhere by default
                "GATEWAY_PORT": str(port),
            },
            stdout=log,
            stderr=log,
        )
        try:
            if not _becomes_healthy(address, process):
                log.seek(0)
                raise AssertionError(f"ministack does not answer at {address}: {log.read()}")
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


def _becomes_healthy(address: str, process: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/_ministack/health", timeout=10).close()  # noqa: S310
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
