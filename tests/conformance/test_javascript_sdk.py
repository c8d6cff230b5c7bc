"""The official JavaScript SDK, unmodified, from its registry: its tests are in ``javascript/``."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conformance.client_parameters import Sent, of_javascript_sdk, undeclared
from tests.conformance.tables import ROOT, uncovered
from tests.locked import locked

FOLDER = Path(__file__).parent / "javascript"


@pytest.fixture(scope="session")
def node() -> str:
    """Return the program that runs the tests, once the SDK is installed beside them."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node is not installed")
    installed = FOLDER / "node_modules" / ".package-lock.json"
    with locked(ROOT / ".cache" / "javascript-sdk"):
        if not installed.exists():
            command = [npm, "ci", "--prefix", str(FOLDER), "--no-fund", "--no-audit"]
            subprocess.run(command, check=True, capture_output=True, timeout=600)
    return node


@pytest.fixture(scope="session")
def methods(node: str, sdk_url: str) -> set[str]:
    """Return all public methods of the SDK's clients, as ``Class.method``."""
    program = FOLDER / "methods.mjs"
    return set(_run([node, str(program)], sdk_url, Path(os.devnull)).stdout.split())


@pytest.mark.timeout(1_800)
def test_javascript_sdk_finds_what_it_expects(
    node: str, sdk_url: str, methods: set[str], tmp_path: Path
) -> None:
    called = tmp_path / "called"

    finished = _run([node, "--test", "--test-reporter=spec", str(FOLDER)], sdk_url, called)

    assert finished.returncode == 0, finished.stdout[-20_000:]
    assert sorted(methods - set(called.read_text().split())) == []


def test_every_method_has_a_row(methods: set[str]) -> None:
    assert methods
    assert uncovered("javascript-sdk", methods) == []


def test_its_clients_send_nothing_that_is_not_declared(node: str) -> None:
    package = FOLDER / "node_modules" / "@io-orkes" / "conductor-javascript"
    sent = of_javascript_sdk(package / "dist" / "index.mjs.map")

    assert node
    assert Sent("GET", "/api/workflow/search", "query", "skipCache") in sent
    assert undeclared(sent) == []


def _run(command: list[str], url: str, called: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of ``javascript/`` against the server; it notes the methods it calls."""
    return subprocess.run(
        command,
        env={
            **os.environ,
            "CONDUCTOR_SERVER_URL": f"{url}/api",
            "DALSEGNO_CALLED": str(called),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=1_500,
    )
