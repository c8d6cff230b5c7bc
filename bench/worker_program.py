"""A process of workers: ``python -m bench.worker_program URL KIND TYPE SLOTS``."""

import asyncio
import sys

from dalsegno import Worker, worker

_URL, _KIND, _TASK_TYPE, _SLOTS = sys.argv[1:]


@worker(_TASK_TYPE, concurrency=int(_SLOTS))
def blocking(before: str) -> str:
    """Do next to nothing in a thread."""
    return before


@worker(_TASK_TYPE, concurrency=int(_SLOTS))
async def awaiting(before: str) -> str:
    """Do next to nothing on the event loop."""
    await asyncio.sleep(0)
    return before


if __name__ == "__main__":
    Worker(blocking if _KIND == "sync" else awaiting, url=_URL).run()
