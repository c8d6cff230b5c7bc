"""The tools for local deployments, at exact versions, installed once for all checkouts."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

# Newer ones of npm speak a schema that aws-cdk-lib 2.275 does not.
_CDK: Final = "aws-cdk@2.1148.1"
_MINISTACK: Final = "ministack==1.5.33"


class ToolsError(Exception):
    """A tool is missing and cannot be installed, for instance without a network."""


def ministack() -> Path:
    """Return the emulator's program, installed into an environment of its own if need be.

    Functions run on its interpreter and see its packages, and it pins botocore exactly.
    """
    name = _MINISTACK.replace("==", "-")
    with _installing("ministack") as folder:
        environment = folder / name
        complete = environment / "complete"
        if not complete.exists():
            _run([sys.executable, "-m", "venv", "--clear", str(environment)])
            pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
            _run([*pip, "--disable-pip-version-check", _MINISTACK])
            complete.touch()
    return environment / "bin" / "ministack"


def cdk() -> Path:
    """Return the CDK's command, installed with npm if need be."""
    with _installing("aws-cdk") as folder:
        prefix = folder / _CDK.replace("@", "-")
        complete = prefix / "complete"
        if not complete.exists():
            npm = shutil.which("npm")
            if npm is None:
                raise ToolsError("npm is not installed: the CDK's command is a Node program")
            prefix.mkdir(exist_ok=True)
            _run([npm, "install", "--prefix", str(prefix), "--no-fund", "--no-audit", _CDK])
            complete.touch()
    return prefix / "node_modules" / ".bin" / "cdk"


@contextmanager
def _installing(tool: str) -> Iterator[Path]:
    """Give the user's cache folder, to one process at a time for each tool."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = caches / "dalsegno"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{tool}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def _run(command: Sequence[str]) -> None:
    finished = subprocess.run(  # noqa: S603  (the commands are our own)
        command, capture_output=True, text=True, check=False, env={**os.environ, "CI": "true"}
    )
    if finished.returncode != 0:
        raise ToolsError(f"{command[-1]} cannot be installed: {finished.stderr[-1000:]}")
