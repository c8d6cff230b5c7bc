"""What docs/getting-started.md promises, from the built wheel in a fresh virtual environment."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.timeout(900)
def test_from_the_wheel_to_a_result(user: User) -> None:
    user.run("dalsegno", "init", "shop")
    shop = User(user.folder / "shop", user.environment)
    assert Path(
        shop.run("python", "-c", "import dalsegno; print(dalsegno.__file__)")
    ).is_relative_to(user.folder)
    shop.run("pip", "install", "--quiet", "-e", ".")
    assert "4 passed" in shop.run("pytest", "-o", "addopts=")
    port = user.environment["DALSEGNO_URL"].rpartition(":")[2]
    with shop.running("dalsegno", "dev", "--port", port, "--log-level", "error"):
        eventually(lambda: _answers(int(port)), lambda answers: answers, within_seconds=30)
        with shop.running("dalsegno", "worker", "run", "shop.workers"):
            assert "registered order" in shop.run("python", "-m", "shop")
            order = json.dumps({"items": ["bow", "rosin"], "card": "4242"})
            output = json.loads(
                shop.run("dalsegno", "workflow", "run", "order", "-i", order, "--timeout", "60")
            )
            assert output["total"] == "162"
            assert output["receipt"].startswith("R-")
            found = json.loads(shop.run("dalsegno", "doctor", "--json"))
            assert not [each for each in found if each["level"] != "ok"]
    assert (shop.folder / ".dalsegno").is_dir()


def test_new_project_is_synthesized_as_a_stack_with_its_workers(tmp_path: Path) -> None:
    """With this environment's CDK: installing its library alone takes minutes."""
    pytest.importorskip("aws_cdk", reason="the extra cdk is not installed")
    if shutil.which("node") is None:
        pytest.skip("the CDK's library needs node")
    roots = [str(ROOT / name) for name in ("sdk", "state", "functions", "cdk")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(roots),
        "CDK_OUTDIR": str(tmp_path / "out"),
        # Bundling is shown by the deployment to an emulator; here it would fetch all wheels anew.
        "CDK_CONTEXT_JSON": json.dumps({"stage": "local", "aws:cdk:bundling-stacks": []}),
    }
    user = User(tmp_path, environment)
    user.run(sys.executable, "-m", "dalsegno.cli", "init", "shop")

    User(tmp_path / "shop", environment).run(sys.executable, "app.py")

    template = json.loads((tmp_path / "out" / "shop-local.template.json").read_text())
    assert {"dalsegno-local-price_items", "dalsegno-local-charge_card"} <= _queues(template)
    handlers = {each.get("Handler") for each in _properties(template, "AWS::Lambda::Function")}
    assert "shop.lambda_function.handler" in handlers


def test_the_page_has_the_commands_that_are_run_here() -> None:
    page = PAGE.read_text()

    for command in (
        "dalsegno init shop",
        "pip install -e .",
        "pytest",
        "dalsegno dev",
        "dalsegno worker run shop.workers",
        "python -m shop",
        "dalsegno workflow run order",
        "dalsegno deploy",
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


def _properties(template: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    for resource in template["Resources"].values():
        if resource["Type"] == kind:
            yield resource["Properties"]


def _queues(template: dict[str, Any]) -> set[object]:
    return {each.get("QueueName") for each in _properties(template, "AWS::SQS::Queue")}
