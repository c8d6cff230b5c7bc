"""The shop's ledger: a file of JSON lines to which every effect of a worker is added once.

A worker may be asked twice for the same work, by any engine that never loses a task: when the
machine dies between the work and the report, nobody can know whether it was done. So the worker
looks its key up before it acts. ``do_once`` is that look, and the act, under one lock.
"""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One effect.

    Attributes:
        key: Names the effect, the same in every attempt.
        task_id: The attempt that had it.
        number: Position in the ledger, from 1.
    """

    key: str
    task_id: str
    number: int
    what: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """Append-only; shared by all worker processes."""

    path: Path

    def do_once(self, key: str, task_id: str, what: str) -> Entry:
        """Have the effect unless it was had before; return the entry it left."""
        with self.path.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            entries = _read(file.readlines())
            for entry in entries:
                if entry.key == key:
                    return entry
            entry = Entry(key, task_id, len(entries) + 1, what)
            file.write(json.dumps(asdict(entry)) + "\n")
            file.flush()
            os.fsync(file.fileno())
            return entry

    def entries(self) -> list[Entry]:
        """Return all effects so far."""
        if not self.path.exists():
            return []
        return _read(self.path.read_text(encoding="utf-8").splitlines())


def _read(lines: list[str]) -> list[Entry]:
    return [Entry(**json.loads(line)) for line in lines if line.strip()]
