"""The README's examples, run against a real server."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.violin_shop.processes import free_port
from examples.violin_shop.server import await_answer

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server_url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    dalsegno = Path(sys.executable).with_name("dalsegno")
    command = [str(dalsegno), "dev", "--port", str(port), "--data", str(tmp_path / "data")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(60)


EXAMPLES = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=["Dalsegno's SDK", "the official SDK"])
def test_readme_example_greets(server_url: str, tmp_path: Path, example: str) -> None:
    script = tmp_path / "hello.py"
    script.write_text(example)

    process = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "CONDUCTOR_SERVER_URL": f"{server_url}/api"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, errors = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    assert process.returncode == 0, errors
    assert "Hello, Antonia!" in output


def test_readme_example_passes_its_own_test(tmp_path: Path) -> None:
    script = tmp_path / "hello.py"
    script.write_text(EXAMPLES[0])

    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(script)], capture_output=True, text=True
    )

    assert "1 passed" in run.stdout, run.stdout + run.stderr
