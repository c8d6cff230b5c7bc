"""The builder's types help those who use it."""

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def lines_with_errors(path: Path, cache: Path) -> dict[int, str]:
    """Return what mypy finds in a file, by line."""
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={cache}"]
    command += ["--no-error-summary", "--hide-error-context", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [line for line in done.stdout.splitlines() if ": error:" in line]
    assert all(line.split(":")[0].endswith(path.name) for line in errors), done.stdout
    return {int(line.split(":")[1]): line for line in errors}


def test_what_is_right_is_accepted(tmp_path: Path) -> None:
    assert lines_with_errors(FOLDER / "typed_right.py", tmp_path) == {}


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    path = FOLDER / "typed_wrong.py"
    marked = {
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.endswith("# error")
    }

    assert set(lines_with_errors(path, tmp_path)) == marked
