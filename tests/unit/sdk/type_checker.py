"""What a type checker says to users of the SDK, who have its strict mode and no plugin."""

import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
# One for all: what a run finds out about the SDK and its libraries takes the next one no time.
_CACHE: Final = ROOT / ".cache" / "mypy"


def checked(*paths: Path) -> list[str]:
    """Return the lines that mypy prints about files and folders: errors, and types revealed."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={_CACHE}"),
            *("--no-error-summary", "--hide-error-context", *paths),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout.splitlines()
