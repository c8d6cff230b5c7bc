"""What was acknowledged is there after the process was killed at any moment."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest

from dalsegno_state.execution import PayloadRef
from dalsegno_state.sqlite import SqlitePorts, open_ports
from tests.clock import ManualClock

# Four threads store things of every kind as fast as they can, and tell of each once it is stored.
WRITER: Final = """
import sys, threading
from pathlib import Path
from dalsegno_state.ports import Message
from dalsegno_state.sqlite import open_ports
from dalsegno_state.writes import Arrival, CreateTask, FreezeAttempt
from tests.builders import a_task, a_workflow_state
from tests.clock import ManualClock

directory, life = Path(sys.argv[1]), sys.argv[2]
ports = open_ports(directory, ManualClock())

def live(thread):
    for number in range(1_000_000):
        workflow_id = f"{life}-{thread}-{number}"
        ports.state.create_workflow(a_workflow_state(workflow_id))
        acknowledge("workflow", workflow_id)
        task = a_task(workflow_id=workflow_id)
        ports.state.commit([CreateTask(task), FreezeAttempt(task)])
        acknowledge("task", workflow_id)
        ports.state.arrive(Arrival(workflow_id, "join", "", 1))
        acknowledge("arrival", workflow_id)
        ports.queues.send([Message(queue="charge", body=workflow_id)])
        acknowledge("message", workflow_id)
        if number % 10 == 0:
            ref = ports.payloads.put(workflow_id, workflow_id.encode() * 1000)
            acknowledge("payload", f"{ref.key} {ref.size_bytes}")

def acknowledge(kind, what):
    print(f"{kind} {what}\\n", end="", flush=True)

for thread in range(4):
    threading.Thread(target=live, args=(thread,)).start()
"""


@contextmanager
def writer(directory: Path, life: int) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(directory), str(life)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def acknowledged_until_killed(directory: Path, life: int, lines: int) -> list[str]:
    """Return the complete lines of a writer that is killed once it has written ``lines``."""
    with writer(directory, life) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()
    complete = [line.strip() for line in told if line.endswith("\n")]
    assert len(complete) >= lines, "the writer died by itself"
    return complete


def is_stored(ports: SqlitePorts, line: str, messages: set[str]) -> bool:
    """Return whether something that was acknowledged is there, and is what it was."""
    kind, what = line.split(" ", 1)
    match kind:
        case "workflow":
            return ports.state.workflow(what) is not None
        case "task":
            task = ports.state.tasks(what, ["charge"])["charge"]
            return list(ports.state.attempts(what)) == [task]
        case "arrival":
            return ports.state.arrivals(what, "join", "").members == {1}
        case "message":
            return what in messages
        case "payload":
            key, size_bytes = what.split()
            ref = PayloadRef(key=key, size_bytes=int(size_bytes))
            return len(ports.payloads.get(ref)) == ref.size_bytes
        case _:
            raise AssertionError(line)


def all_messages(ports: SqlitePorts) -> set[str]:
    received = ports.queues.receive("charge", count=10**9, wait_seconds=0, visibility_seconds=1)
    ports.queues.delete("charge", [message.receipt for message in received])
    return {message.body for message in received}


@pytest.mark.parametrize("life", range(6))
def test_everything_acknowledged_survives_a_kill(tmp_path: Path, life: int) -> None:
    chance = random.Random(life)
    for rebirth in range(2):  # the second one starts from the log that the first left behind
        told = acknowledged_until_killed(tmp_path, 10 * life + rebirth, chance.randrange(1, 900))

        with closing(open_ports(tmp_path, ManualClock())) as ports:
            messages = all_messages(ports)
            assert [line for line in told if not is_stored(ports, line, messages)] == []
