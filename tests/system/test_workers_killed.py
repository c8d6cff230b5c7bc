"""Worker processes, the server and the network between them fail; nothing that was done is lost."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.killable_server import KillableServer, running
from tests.tcp_proxy import TcpProxy, proxied

PROGRAM = Path(__file__).parent / "worker_program.py"
SEED = 20260907
WORKERS = 2
BLOWS = 9
WORKFLOWS_A_BLOW = 4
STEPS = 3
# Reached only when something is wrong: a machine under load takes its time.
AT_MOST_SECONDS = 300
# A task that its worker dies with, or whose answer is lost on its way, is tried again.
PLAY = {
    "name": "play",
    "retryCount": 50,
    "retryDelaySeconds": 0,
    "timeoutPolicy": "RETRY",
    "timeoutSeconds": 0,
    "responseTimeoutSeconds": 2,
}


class Process:
    """A worker that may be ended and begun again."""

    def __init__(self, url: str, ledger: Path) -> None:
        self._command = [sys.executable, str(PROGRAM), url, str(ledger)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@contextmanager
def workers(url: str, ledger: Path, count: int) -> Iterator[list[Process]]:
    ledger.mkdir()
    processes = [Process(url, ledger) for _ in range(count)]
    try:
        yield processes
    finally:
        for each in processes:
            each.kill()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KillableServer]:
    with running(tmp_path / "data") as started:
        yield started


def flow(name: str, *tasks: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "version": 1,
        "tasks": [
            {
                "name": task,
                "taskReferenceName": f"step{number}",
                "type": "SIMPLE",
                "inputParameters": inputs,
            }
            for number, (task, inputs) in enumerate(tasks)
        ],
    }


def begin(api: httpx.Client, definition: dict[str, Any]) -> str:
    api.post("/metadata/workflow?overwrite=true", json=definition)
    return api.post("/workflow", json={"name": definition["name"]}).raise_for_status().text


def execution(api: httpx.Client, workflow_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/workflow/{workflow_id}").json()
    return found


def ended(api: httpx.Client, workflow_id: str) -> dict[str, Any]:
    return eventually(
        lambda: execution(api, workflow_id),
        lambda found: found["status"] != "RUNNING",
        within_seconds=AT_MOST_SECONDS,
    )


def test_worker_that_is_told_to_end_finishes_what_it_has_begun(
    server: KillableServer, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    with (
        workers(server.url, ledger, 1) as (worker,),
        httpx.Client(base_url=f"{server.url}/api", timeout=AT_MOST_SECONDS) as api,
    ):
        workflow_id = begin(api, flow("slow", ("linger", {"seconds": 1.5}), ("linger", {})))
        eventually((ledger / "begun").exists, bool, within_seconds=AT_MOST_SECONDS)
        worker.process.send_signal(signal.SIGTERM)
        output, _ = worker.process.communicate(timeout=AT_MOST_SECONDS)
        first, second = execution(api, workflow_id)["tasks"]

    assert (worker.process.returncode, output) == (0, "drained\n")
    assert first["status"] == "COMPLETED"
    assert second["status"] == "SCHEDULED"  # nothing was taken any more


def test_work_done_while_the_server_is_away_is_reported_when_it_is_back(
    server: KillableServer, tmp_path: Path
) -> None:
    ledger = tmp_path / "ledger"
    with (
        workers(server.url, ledger, 1),
        httpx.Client(base_url=f"{server.url}/api", timeout=AT_MOST_SECONDS) as api,
    ):
        workflow_id = begin(api, flow("slow", ("linger", {"seconds": 0.5})))
        eventually((ledger / "begun").exists, bool, within_seconds=AT_MOST_SECONDS)
        server.kill()
        eventually(  # done, and nobody knows
            lambda: list(ledger.glob(f"{workflow_id}*")), bool, within_seconds=AT_MOST_SECONDS
        )
        time.sleep(1)  # long enough for more than one attempt to tell
        server.start()
        (task,) = ended(api, workflow_id)["tasks"]

    assert (task["status"], task["pollCount"]) == ("COMPLETED", 1)


class Misfortune:
    """Strikes workers, server or network, whichever comes."""

    def __init__(self, server: KillableServer, network: TcpProxy, crew: list[Process]) -> None:
        self._server = server
        self._network = network
        self._crew = crew
        self._chance = random.Random(SEED)

    def strike(self, number: int) -> None:
        match number % 3:
            case 0:
                self._network.cut()
            case 1:
                victim = self._chance.choice(self._crew)
                victim.kill()
                victim.start()
            case _:
                self._server.kill()
                self._server.start()


@pytest.mark.timeout(1_200)
def test_under_fire_every_workflow_completes_and_every_effect_is_had_once(
    server: KillableServer, tmp_path: Path
) -> None:
    ledger, ids, chance = tmp_path / "ledger", [], random.Random(SEED)
    with (
        proxied(server.port) as network,
        workers(network.url, ledger, WORKERS) as crew,
        httpx.Client(base_url=f"{server.url}/api", timeout=AT_MOST_SECONDS) as api,
    ):
        api.post("/metadata/taskdefs", json=[PLAY]).raise_for_status()
        misfortune, concert = Misfortune(server, network, crew), [("play", {})] * STEPS
        for number in range(BLOWS):
            ids += [begin(api, flow("concert", *concert)) for _ in range(WORKFLOWS_A_BLOW)]
            time.sleep(chance.uniform(0.1, 0.6))
            misfortune.strike(number)
        executions = [ended(api, workflow_id) for workflow_id in ids]

    tokens = {path.name: path.read_text() for path in ledger.glob("[!.]*")}
    assert {found["status"] for found in executions} == {"COMPLETED"}
    for found in executions:
        completed = [task for task in found["tasks"] if task["status"] == "COMPLETED"]
        assert len(completed) == STEPS
        for task in completed:
            key = f"{found['workflowId']}_{task['referenceTaskName']}"
            assert task["outputData"] == {"token": tokens[key]}
        for task in found["tasks"]:
            assert task["status"] in {"COMPLETED", "TIMED_OUT"}
    assert len(tokens) == STEPS * len(ids)
