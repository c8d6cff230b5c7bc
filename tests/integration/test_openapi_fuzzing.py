"""Requests of every shape, made from the API's own description: none may crash the server."""

import subprocess
import sys
import venv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.locked import locked

ROOT = Path(__file__).parents[2]
# In an environment of their own: they pin what this one has in other versions.
TOOLS = ("schemathesis==4.32.5", "openapi-spec-validator==0.9.0")
# What waits for a workflow shall not wait for long.
SETTINGS = """
[parameters]
"query.waitForSeconds" = 1
"query.timeoutMillis" = 100
"""
EXAMPLES = 3  # of each operation: the same ones in every run
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def tools() -> Path:
    """Return the directory of the programs."""
    environment = ROOT / ".cache" / "-".join(TOOLS).replace("==", "-")
    ready = environment / "ready"
    with locked(environment):
        if not ready.exists():
            venv.create(environment, clear=True)
            pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python")]
            command = [*pip, "install", "--quiet", "--disable-pip-version-check", *TOOLS]
            subprocess.run(command, check=True)
            ready.touch()
    return environment / "bin"


def test_description_is_an_openapi_document(tools: Path, server_url: str, tmp_path: Path) -> None:
    document = tmp_path / "openapi.json"
    document.write_bytes(httpx.get(f"{server_url}/api-docs", timeout=60).content)

    finished = subprocess.run(
        [tools / "python", "-m", "openapi_spec_validator", "--schema", "3.1", document],
        capture_output=True,
        text=True,
        check=False,
    )

    assert finished.returncode == 0, finished.stdout


def test_no_request_crashes_the_server_or_is_answered_otherwise_than_described(
    tools: Path,
    running_server: Callable[[Path | None], AbstractContextManager[str]],
    tmp_path: Path,
) -> None:
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    with running_server(None) as url:
        finished = subprocess.run(
            [
                *(str(tools / "schemathesis"), "--no-color", "run", f"{url}/api-docs"),
                *("--checks", ",".join(CHECKS), "--phases", "examples,fuzzing"),
                *("--max-examples", str(EXAMPLES), "--generation-deterministic", "--no-shrink"),
                *("--warnings", "off"),
            ],
            cwd=tmp_path,  # where it leaves its cache
            capture_output=True,
            text=True,
            check=False,
        )

    assert finished.returncode == 0, finished.stdout[-20_000:]
