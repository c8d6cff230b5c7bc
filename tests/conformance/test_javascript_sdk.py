"""The official JavaScript SDK, unmodified, from its registry: its tests are in ``javascript/``."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "javascript"


@pytest.fixture(scope="session")
def node() -> str:
    """Return the program that runs the tests, once the SDK is installed beside them."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("Node is not installed")
    installed = FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists():
        command = [npm, "ci", "--prefix", str(FOLDER), "--no-fund", "--no-audit"]
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    return node


def test_javascript_sdk_finds_what_it_expects(node: str, sdk_url: str, tmp_path: Path) -> None:
    called = tmp_path / "called"
    finished = subprocess.run(
        [node, "--test", "--test-reporter=spec", str(FOLDER)],
        env={
            **os.environ,
            "CONDUCTOR_SERVER_URL": f"{sdk_url}/api",
            "DALSEGNO_CALLED": str(called),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )

    assert finished.returncode == 0, finished.stdout[-20_000:]
