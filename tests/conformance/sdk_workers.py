"""Workers written with the official SDK, as a user's program would run them.

Run in a session of its own, with the server in ``CONDUCTOR_SERVER_URL``; ends when it is told to,
and with its parent.
"""

import asyncio
import os
import signal
import time

from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.context.task_context import TaskInProgress, get_task_context
from conductor.client.http.models.task_def import TaskDef
from conductor.client.worker.exception import NonRetryableException
from conductor.client.worker.worker_task import worker_task


@worker_task(task_definition_name="sdk_greet", register_task_def=True)
def greet(name: str) -> str:
    return f"Hello, {name}!"


@worker_task(task_definition_name="sdk_square", thread_count=4)
async def square(number: int) -> dict[str, int]:
    await asyncio.sleep(0)
    return {"square": number * number}


@worker_task(task_definition_name="sdk_patient")
def come_back_until_the_third_poll() -> dict[str, int] | TaskInProgress:
    poll_count = get_task_context().get_poll_count()
    if poll_count < 3:
        return TaskInProgress(callback_after_seconds=1, output={"seen": poll_count})
    return {"polls": poll_count}


@worker_task(
    task_definition_name="sdk_flaky",
    register_task_def=True,
    task_def=TaskDef(name="sdk_flaky", retry_count=2, retry_delay_seconds=0),
)
def fail_once() -> dict[str, int]:
    retry_count = get_task_context().get_retry_count()
    if retry_count == 0:
        raise ValueError("the first time it always fails")
    return {"attempt": retry_count}


@worker_task(task_definition_name="sdk_hopeless")
def fail_for_good() -> None:
    raise NonRetryableException("no use trying again")


@worker_task(
    task_definition_name="sdk_slow",
    register_task_def=True,
    task_def=TaskDef(name="sdk_slow", retry_count=50, response_timeout_seconds=6),
    lease_extend_enabled=True,
)
def take_longer_than_the_response_timeout() -> dict[str, bool]:
    # The SDK looks once a second whether 0.8 of the timeout has passed: it sends at 5 s. A machine
    # under load may send too late and tries again; without a heartbeat no attempt would succeed.
    time.sleep(7.5)
    return {"done": True}


@worker_task(task_definition_name="sdk_regional", domain="north")
def work_in_the_north() -> dict[str, str | None]:
    return {"domain": get_task_context().task.domain}


@worker_task(task_definition_name="sdk_talkative")
def talk() -> dict[str, bool]:
    context = get_task_context()
    context.add_log("tuning")
    context.add_log('playing "dal segno"')
    return {"done": True}


def main() -> None:
    parent = os.getppid()
    with TaskHandler(configuration=Configuration()) as handler:
        handler.start_processes()
        while signal.sigtimedwait({signal.SIGTERM, signal.SIGINT}, 1) is None:
            if os.getppid() != parent:  # the tests were killed: nobody will stop the workers
                os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
