"""Types of the client, as a type checker sees them from outside."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_results_and_mistakes_are_seen_by_a_type_checker() -> None:
    checked = Path(__file__).with_name("typed_client.py").relative_to(ROOT)

    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(checked)], cwd=ROOT, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout
