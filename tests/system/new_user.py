"""A user at a terminal who has installed the wheel, and follows docs/getting-started.md."""

import os
import shlex
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.phases import timed

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class User:
    """Somebody at a terminal, in a folder, with the environment activated.

    Attributes:
        environment: Holds nothing of this checkout.
    """

    folder: Path
    environment: dict[str, str]

    def having(self, exports: Mapping[str, str]) -> "User":
        """Return the same, with more in the environment."""
        return replace(self, environment={**self.environment, **exports})

    def run(self, *command: str) -> str:
        """Return what a command prints; it must succeed."""
        with timed(shlex.join(command)[:80]):
            done = subprocess.run(
                command, cwd=self.folder, env=self.environment, capture_output=True, text=True
            )
        assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    @contextmanager
    def running(self, *command: str) -> Iterator[None]:
        """Run a command in a terminal of its own; end it by Ctrl-C."""
        process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, start_new_session=True
        )
        try:
            yield
            process.send_signal(signal.SIGINT)
            assert process.wait(120) == 0
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def installed(folder: Path, url: str) -> User:
    """Return a user who has installed the wheel, with what comes from the registry or pip's cache.

    Args:
        url: What their commands take for the server's.
    """
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    with timed("build the wheel"):
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    with timed("create the virtual environment"):
        venv.create(folder / ".venv", with_pip=True)
    programs = folder / ".venv" / "bin"
    environment = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
        "VIRTUAL_ENV": str(programs.parent),
        "DALSEGNO_URL": url,
        "PIP_NO_COMPILE": "1",  # most modules of the CDK's library are never imported
        # Until it is in a registry, it is found here.
        "PIP_FIND_LINKS": f"{folder / 'dist'} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
    }
    with timed("pip install the wheel"):
        installing = subprocess.run(
            [str(programs / "pip"), "install", "--quiet", f"{wheel}[local,testing]"],
            env=environment,
            capture_output=True,
            text=True,
        )
    if "No matching distribution" in installing.stderr:
        pytest.skip(f"there is no registry here: {installing.stderr[-500:]}")
    assert installing.returncode == 0, installing.stderr
    return User(folder, environment)
