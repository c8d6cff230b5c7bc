"""The violin shop, run as a newcomer would run it, but into a pipe."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLAIMS = 8


def test_demo_proves_that_every_order_is_completed_once() -> None:
    command = [sys.executable, "-m", "examples.violin_shop.demo", "--timeout", "240"]

    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("✓ ") >= CLAIMS
    assert "Every order came to its end" in run.stdout
