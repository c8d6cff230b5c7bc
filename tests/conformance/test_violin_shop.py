"""The violin shop, run as a newcomer would run it, but into a pipe: written with either SDK."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLAIMS = 8
OFFICIAL = ROOT / "examples" / "violin_shop"
OURS = ROOT / "examples" / "violin_shop_sdk"
DEFINITIONS = ("order_processing.json", "refund_order.json", "task_definitions.json")


@pytest.mark.parametrize("module", ["violin_shop.demo", "violin_shop_sdk"])
def test_demo_proves_that_every_order_is_completed_once(module: str) -> None:
    command = [sys.executable, "-m", f"examples.{module}", "--timeout", "480"]

    run = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=550, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("✓ ") >= CLAIMS
    assert "Every order came to its end" in run.stdout


def test_readme_counts_the_lines_of_both() -> None:
    counted = [
        (lines(OFFICIAL / "workers.py"), lines(OURS / "workers.py")),
        (lines(*(OFFICIAL / name for name in DEFINITIONS)), lines(OURS / "workflows.py")),
        (lines(OFFICIAL / "shop.py"), lines(OURS / "shop.py")),
        (0, lines(OURS / "__main__.py")),
    ]
    official, ours = (sum(column) for column in zip(*counted, strict=True))

    told = re.findall(r"\| \**(\d+)\** \| \**(\d+)\** \|", (OURS / "README.md").read_text())

    assert [(int(a), int(b)) for a, b in told] == [*counted, (official, ours)]
    assert ours < official


def lines(*files: Path) -> int:
    """Return how many lines of some files are not blank."""
    return sum(bool(line.strip()) for file in files for line in file.read_text().splitlines())
