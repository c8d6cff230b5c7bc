"""What docs/getting-started.md promises, from the built wheel in a fresh virtual environment."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "localstack"))

from emulator import Emulator
from tools import ToolsError, ministack

from dalsegno.cli.deploy import CDK
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "getting-started.md"


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
            assert process.wait(60) == 0
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Return who has installed the wheel, with what comes from the registry or pip's cache."""
    folder = tmp_path_factory.mktemp("user")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / ".venv", with_pip=True)
    programs = folder / ".venv" / "bin"
    made = User(
        folder,
        {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "VIRTUAL_ENV": str(programs.parent),
            "DALSEGNO_URL": f"http://127.0.0.1:{_free_port()}",
            "PIP_NO_COMPILE": "1",  # most modules of the CDK's library are never imported
            # Until it is in a registry, it is found here.
            "PIP_FIND_LINKS": f"{folder / 'dist'} {os.environ.get('PIP_FIND_LINKS', '')}".strip(),
        },
    )
    installing = subprocess.run(
        [str(programs / "pip"), "install", "--quiet", f"{wheel}[local,testing]"],
        env=made.environment,
        capture_output=True,
        text=True,
    )
    if "No matching distribution" in installing.stderr:
        pytest.skip(f"there is no registry here: {installing.stderr[-500:]}")
    assert installing.returncode == 0, installing.stderr
    return made


@pytest.mark.timeout(1_800)
def test_from_the_wheel_to_a_result_here_and_in_the_cloud(user: User) -> None:
    try:
        emulator = Emulator(ministack())
    except ToolsError as error:
        pytest.skip(f"the tools cannot be installed here: {error}")
    user.run("dalsegno", "init", "shop")
    shop = replace(user, folder=user.folder / "shop")
    assert Path(
        shop.run("python", "-c", "import dalsegno; print(dalsegno.__file__)")
    ).is_relative_to(user.folder)
    shop.run("pip", "install", "--quiet", "-e", ".")
    assert "4 passed" in shop.run("pytest", "-o", "addopts=")
    _runs_here(shop)
    with emulator:
        _runs_deployed(shop, emulator.url)


def _runs_here(shop: User) -> None:
    port = shop.environment["DALSEGNO_URL"].rpartition(":")[2]
    with shop.running("dalsegno", "dev", "--port", port, "--log-level", "error"):
        eventually(lambda: _answers(int(port)), lambda answers: answers, within_seconds=30)
        with shop.running("dalsegno", "worker", "run", "shop.workers"):
            _does_an_order(shop)
    assert (shop.folder / ".dalsegno").is_dir()


def _runs_deployed(shop: User, endpoint: str) -> None:
    """Do what `dalsegno deploy` says is next, word by word."""
    shop.run("pip", "install", "--quiet", "-e", ".[cdk]")
    owner = shop.having(_exported({"http://127.0.0.1:4566": endpoint}))
    owner.run("npx", "--yes", CDK, "bootstrap", "--no-notices")
    told = owner.run("dalsegno", "deploy", "--yes", "--no-notices")
    making_a_key = re.search(r"^ +(dalsegno keys create .*)$", told, re.MULTILINE)
    place = re.search(r"^ +export DALSEGNO_URL=(.*)$", told, re.MULTILINE)
    assert making_a_key, told
    assert place, told
    key = dict(line.split("=", 1) for line in owner.run(*shlex.split(making_a_key[1])).splitlines())
    _does_an_order(owner.having(key).having({"DALSEGNO_URL": shlex.split(place[1])[0]}))


def _does_an_order(shop: User) -> None:
    assert "workflow order v1  added" in shop.run("dalsegno", "def", "push", "shop/workflow.py")
    order = json.dumps({"items": ["bow", "rosin"], "card": "4242"})
    done = shop.run("dalsegno", "workflow", "run", "order", "-i", order, "--timeout", "180")
    output = json.loads(done)
    assert output["total"] == "162"
    assert output["receipt"].startswith("R-")
    found = json.loads(shop.run("dalsegno", "doctor", "--json"))
    assert not [each for each in found if each["level"] != "ok"]


def test_the_page_has_the_commands_that_are_run_here() -> None:
    page = PAGE.read_text()

    for command in (
        "dalsegno init shop",
        "pip install -e .",
        "pytest",
        "dalsegno dev",
        "dalsegno worker run shop.workers",
        "dalsegno def push shop/workflow.py",
        "dalsegno workflow run order",
        "npx aws-cdk@2.1148.1 bootstrap",
        "dalsegno deploy",
        "pip install -e '.[cdk]'",
    ):
        assert re.search(rf"^    {re.escape(command)}", page, re.MULTILINE), command


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _exported(differently: Mapping[str, str]) -> dict[str, str]:
    """Return what the page exports, but for values that differ here."""
    lines = re.findall(r"^    export (.*)$", PAGE.read_text(), re.MULTILINE)
    exports = dict(word.split("=", 1) for line in lines for word in line.split())
    return {name: differently.get(value, value) for name, value in exports.items()}
