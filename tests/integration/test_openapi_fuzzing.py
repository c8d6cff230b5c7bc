"""Requests of every shape, made from the API's own description: none may crash the server."""

import subprocess
import venv
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# In an environment of its own: it pins what this one has in other versions.
TOOL = "schemathesis==4.32.5"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.fixture
def schemathesis() -> Path:
    environment = ROOT / ".cache" / TOOL.replace("==", "-")
    ready = environment / "ready"
    if not ready.exists():
        venv.create(environment, clear=True, with_pip=True)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, "--disable-pip-version-check", TOOL], check=True, timeout=300)
        ready.touch()
    return environment / "bin" / "schemathesis"


def test_no_request_crashes_the_server_or_is_answered_otherwise_than_described(
    schemathesis: Path,
    running_server: Callable[[Path | None], AbstractContextManager[str]],
    tmp_path: Path,
) -> None:
    with running_server(None) as url:
        finished = subprocess.run(
            [
                *(str(schemathesis), "--no-color", "run", f"{url}/api-docs"),
                *("--checks", ",".join(CHECKS), "--phases", "examples,fuzzing"),
                *("--max-examples", "15", "--generation-deterministic", "--warnings", "off"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )

    assert finished.returncode == 0, finished.stdout[-20_000:]
