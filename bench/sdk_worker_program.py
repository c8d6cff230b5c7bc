"""The same with the official SDK: ``python -m bench.sdk_worker_program URL KIND TYPE SLOTS``."""

import os
import signal
import sys

os.environ["CONDUCTOR_SERVER_URL"] = f"{sys.argv[1]}/api"

from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.worker.worker_task import worker_task


@worker_task(  # type: ignore[untyped-decorator]  # conductor has no types
    task_definition_name=sys.argv[3], thread_count=int(sys.argv[4]), register_task_def=False
)
def work(before: str) -> dict[str, str]:
    """Do next to nothing in a thread."""
    return {"result": before}


def main() -> None:
    """Work until ended."""
    with TaskHandler(configuration=Configuration()) as handler:
        handler.start_processes()
        signal.pause()


if __name__ == "__main__":
    main()
