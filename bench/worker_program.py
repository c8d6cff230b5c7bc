"""A process of workers: ``python -m bench.worker_program URL KIND TYPE SLOTS``."""

import asyncio
import os
import signal
import sys


def ours(url: str, kind: str, task_type: str, slots: int) -> None:
    """Work with functions of this project, in threads or on the event loop."""
    from dalsegno import Worker, worker

    @worker(task_type, concurrency=slots)
    def blocking(before: str) -> str:
        return before

    @worker(task_type, concurrency=slots)
    async def awaiting(before: str) -> str:
        await asyncio.sleep(0)
        return before

    Worker(blocking if kind == "sync" else awaiting, url=url).run()


def theirs(url: str, task_type: str, slots: int) -> None:
    """Work with the official SDK for Python."""
    os.environ["CONDUCTOR_SERVER_URL"] = f"{url}/api"
    from conductor.client.automator.task_handler import TaskHandler
    from conductor.client.configuration.configuration import Configuration
    from conductor.client.worker.worker_task import worker_task

    @worker_task(task_definition_name=task_type, thread_count=slots, poll_timeout=100)
    def work(before: str) -> str:
        return before

    with TaskHandler(configuration=Configuration()) as handler:
        handler.start_processes()
        signal.sigwait({signal.SIGTERM})


def main() -> None:
    """Work until ended by SIGTERM."""
    url, kind, task_type, slots = sys.argv[1:]
    if kind == "sdk":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        theirs(url, task_type, int(slots))
    else:
        ours(url, kind, task_type, int(slots))


if __name__ == "__main__":
    main()
