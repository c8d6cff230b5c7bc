"""A worker process that is started again when its source changes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from dalsegno.cli.console import remark

_LOOK_SECONDS: Final = 0.5
_HIDDEN: Final = frozenset({"__pycache__", "node_modules", "cdk.out", "venv"})


def run_again_on_changes() -> None:
    """Run this very command in a process of its own, and again when a file has changed.

    The process is asked to end what is in work before it is replaced. One that ends by itself,
    because of a mistake in the source say, is started again with the next change.
    """
    arguments = [each for each in sys.argv[1:] if each != "--reload"]
    stopping = _Stopping()
    seen = _times(Path.cwd())
    while not stopping.is_asked:
        process = subprocess.Popen([sys.executable, "-m", "dalsegno.cli", *arguments])  # noqa: S603  (this command)
        stopping.process = process
        seen = _until_changed(seen, stopping)
        if process.poll() is None:
            process.terminate()
        process.wait()


class _Stopping:
    """Passes on what this process is told to the one that works."""

    def __init__(self) -> None:
        self.is_asked = False
        self.process: subprocess.Popen[bytes] | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: FrameType | None) -> None:
        self.is_asked = True
        # A terminal tells both processes of Ctrl-C: twice would not let it end its work.
        if number == signal.SIGTERM and self.process is not None:
            self.process.terminate()


def _until_changed(seen: dict[Path, float], stopping: _Stopping) -> dict[Path, float]:
    """Return the times of the files once they differ, or once it is to stop."""
    from time import sleep

    while not stopping.is_asked:
        now = _times(Path.cwd())
        changed = [path for path, _ in set(now.items()) ^ set(seen.items())]
        if changed:
            remark(f"{changed[0].relative_to(Path.cwd())} has changed: starting again")
            return now
        sleep(_LOOK_SECONDS)
    return seen


def _times(root: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in _sources(root)}


def _sources(folder: Path) -> Iterator[Path]:
    for each in folder.iterdir():
        if each.name.startswith(".") or each.name in _HIDDEN or each.is_symlink():
            continue
        if each.is_dir():
            yield from _sources(each)
        elif each.suffix == ".py":
            yield each
