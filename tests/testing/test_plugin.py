"""The pytest plugin, in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

TEST = """
DEFINITION = {"name": "order", "tasks": [{"name": "ship", "taskReferenceName": "ship"}]}

def test_shows_its_run(workflow_test):
    run = workflow_test(DEFINITION).mock("ship", {"parcel": 1}).run()
    assert run.path == ["ship", "thank"]

def test_upgrades(workflow_test, golden_histories):
    run = workflow_test(DEFINITION).mock("ship", {}).run()
    golden_histories.check("order", run)
"""


def pytest_in(directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    plugin = ["-p", "dalsegno.testing.plugin"]
    done = subprocess.run(
        [*command, *plugin, "--rootdir", str(directory), str(directory)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )
    return done.stdout + done.stderr


def test_failing_test_shows_its_runs_and_histories_are_kept_when_asked(tmp_path: Path) -> None:
    (tmp_path / "test_order.py").write_text(TEST)

    shown = pytest_in(tmp_path)
    assert "order 1: COMPLETED after 0 s" in shown
    assert '+0 s  ship  COMPLETED  {"parcel": 1}' in shown
    assert "run pytest with --update-histories" in shown

    assert "1 passed" in pytest_in(tmp_path, "--update-histories", "-k", "upgrades")
    assert (tmp_path / "histories" / "order.json").exists()
    assert "1 passed" in pytest_in(tmp_path, "-k", "upgrades")


def test_plugin_loads_neither_the_engine_nor_the_models() -> None:
    program = "import sys, pytest, dalsegno.testing.plugin; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"dalsegno_state", "dalsegno.models", "pydantic", "sqlite3"} & set(loaded)
