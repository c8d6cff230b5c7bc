"""A worker in a process of its own: ``python worker_program.py URL LEDGER``."""

import logging
import sys
import time
from pathlib import Path
from uuid import uuid4

from dalsegno import TaskContext, Worker, worker
from dalsegno.workers import Polling

LEDGER = Path(sys.argv[2])


def entered_once(key: str) -> str:
    """Return the token under a key: that of whoever came first, as a payment service has it."""
    path = LEDGER / key.replace("/", "_")
    draft = LEDGER / f".{uuid4().hex}"
    draft.write_text(uuid4().hex)
    try:
        path.hardlink_to(draft)  # whole, or not at all, and once
    except FileExistsError:
        (LEDGER / f".again-{uuid4().hex}").touch()
    draft.unlink()
    return path.read_text()


@worker(concurrency=4)
def play(task: TaskContext) -> dict[str, str]:
    return {"token": entered_once(task.key)}


@worker
def linger(seconds: float, task: TaskContext) -> dict[str, str]:
    (LEDGER / "begun").touch()
    time.sleep(seconds)
    return {"token": entered_once(task.key)}


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    Worker(play, linger, url=sys.argv[1], polling=Polling(wait_seconds=0.5)).run()
    print("drained")
