"""The server is killed again and again under load: nothing it has acknowledged is lost."""

import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually
from tests.killable_server import KillableServer, running

SEED = 20260821
KILLS = 6
STARTERS = 3
# Rounds are bounded by count, not by time: on a slow machine as much is done between two kills.
STARTS_BEFORE_A_KILL = 5
STARTS_A_ROUND = 20
WORKERS = 6
BRANCHES = ["violin", "viola", "cello"]
# A poll whose answer was lost with the server leaves a task with nobody: it is tried again.
TASK = {
    "name": "play",
    "retryCount": 50,
    "retryDelaySeconds": 0,
    "timeoutPolicy": "RETRY",
    "timeoutSeconds": 0,
    "responseTimeoutSeconds": 3,
}


Executions = dict[str, dict[str, Any]]


def play(ref: str) -> dict[str, Any]:
    return {"name": "play", "taskReferenceName": ref, "type": "SIMPLE"}


FLOW = {
    "name": "concert",
    "version": 1,
    "tasks": [
        play("tune"),
        {
            "name": "fork",
            "taskReferenceName": "fork",
            "type": "FORK_JOIN",
            "forkTasks": [[play(ref)] for ref in BRANCHES],
        },
        {"name": "join", "taskReferenceName": "join", "type": "JOIN", "joinOn": BRANCHES},
        play("bow"),
    ],
}


@dataclass
class Record:
    """What clients and workers were told, and did.

    Attributes:
        started: Ids of workflows whose start was acknowledged.
        done: For each task id, a token for each time that a worker did it.
        acknowledged: For each task id, the tokens whose report was acknowledged.
        may_start: How many more starts may be acknowledged in this round.
    """

    started: list[str] = field(default_factory=list)
    done: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lock: Lock = field(default_factory=Lock)
    may_start: Semaphore = field(default_factory=lambda: Semaphore(0))


class Client:
    """Calls the server, and calls again if it is gone, as the SDKs do."""

    def __init__(self, http: httpx.Client, stopping: Event) -> None:
        self._http = http
        self._stopping = stopping

    def call(self, method: str, path: str, body: Any = None, *, tries: int = 10_000) -> str | None:
        """Return the answer's body; None if there was none, or the test is over."""
        for _ in range(tries):
            try:
                reply = self._http.request(method, f"/api{path}", json=body)
            except httpx.TransportError:
                if self._stopping.wait(0.02):
                    return None
                continue
            assert reply.status_code < 300, f"{method} {path}: {reply.status_code} {reply.text}"
            return reply.text
        return None


def start_workflows(client: Client, record: Record, stopping: Event, seed: int) -> None:
    chance = random.Random(seed)
    while not stopping.wait(chance.uniform(0, 0.1)):
        if not record.may_start.acquire(timeout=0.1):
            continue
        # Not repeated: a start whose answer was lost may have happened.
        workflow_id = client.call("POST", "/workflow", {"name": "concert"}, tries=1)
        if workflow_id:
            with record.lock:
                record.started.append(workflow_id)
        else:
            record.may_start.release()


def work(client: Client, record: Record, stopping: Event, name: str) -> None:
    path = f"/tasks/poll/batch/play?workerid={name}&count=3&timeout=100"
    while not stopping.is_set():
        answer = client.call("GET", path, tries=1)
        todo = httpx.Response(200, text=answer).json() if answer else []
        while todo:
            following = do_task(client, record, todo.pop(), name)
            todo += [following] if following else []


def do_task(client: Client, record: Record, task: dict[str, Any], name: str) -> Any:
    """Do a task and report it until that is acknowledged; return the next one, if any came."""
    token = uuid4().hex
    with record.lock:
        record.done[task["taskId"]].append(token)
    result = {
        "workflowInstanceId": task["workflowInstanceId"],
        "taskId": task["taskId"],
        "workerId": name,
        "status": "COMPLETED",
        "outputData": {"token": token},
    }
    answer = client.call("POST", "/tasks/update-v2", result)
    if answer is not None:
        with record.lock:
            record.acknowledged[task["taskId"]].append(token)
    return httpx.Response(200, text=answer).json() if answer else None


@contextmanager
def load(server: KillableServer, record: Record) -> Iterator[Event]:
    """Keep starters and workers busy; yields the event that stops the starters."""
    starting_over, over = Event(), Event()
    with ExitStack() as clients:

        def client() -> Client:
            http = httpx.Client(base_url=server.url, timeout=60)
            return Client(clients.enter_context(http), over)

        threads = [
            Thread(target=start_workflows, args=(client(), record, starting_over, SEED + number))
            for number in range(STARTERS)
        ]
        threads += [
            Thread(target=work, args=(client(), record, over, f"worker-{number}"))
            for number in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield starting_over
        finally:
            starting_over.set()
            over.set()
            for thread in threads:
                thread.join(120)


def running_of(api: httpx.Client, ids: list[str]) -> set[str]:
    """Return which of these workflows have not ended."""
    query = {"query": "workflowType = 'concert' AND status = 'RUNNING'", "size": 5000}
    found = api.get("/workflow/search", params=query).json()["results"]
    return {summary["workflowId"] for summary in found} & set(ids)


def under_fire(directory: Path) -> tuple[Record, Executions]:
    """Return what was acknowledged under fire, and what is stored when all is quiet again."""
    chance, record = random.Random(SEED), Record()
    with running(directory) as server:
        with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
            api.post("/metadata/taskdefs", json=[TASK]).raise_for_status()
            api.post("/metadata/workflow", json=FLOW).raise_for_status()
        with load(server, record) as starting_over:
            for _ in range(KILLS):
                before = len(record.started)
                record.may_start.release(STARTS_A_ROUND)
                eventually(
                    lambda before=before: len(record.started) - before,  # type: ignore[misc]
                    lambda started: started >= STARTS_BEFORE_A_KILL,
                    within_seconds=120,
                )
                Event().wait(chance.uniform(0, 1))  # a moment of work, then:
                server.kill()
                server.start()
            starting_over.set()
            with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
                # A message in hand when the server died is handed out again after 30 seconds.
                eventually(
                    lambda: running_of(api, record.started),
                    lambda unfinished: not unfinished,
                    within_seconds=600,
                    every_seconds=0.2,
                )
        with httpx.Client(base_url=f"{server.url}/api", timeout=120) as api:
            executions = {
                workflow_id: api.get(f"/workflow/{workflow_id}").json()
                for workflow_id in record.started
            }
    return record, executions


def attempts(executions: Executions) -> dict[str, dict[str, Any]]:
    """Return every attempt of a worker task, by its id."""
    return {
        task["taskId"]: task
        for execution in executions.values()
        for task in execution["tasks"]
        if task["taskType"] == "play"
    }


@pytest.mark.timeout(1_500)
# One test, because its rules are about the same half minute, and that is long enough.
def test_nothing_acknowledged_is_lost_or_done_differently(tmp_path: Path) -> None:
    record, executions = under_fire(tmp_path)

    assert len(record.started) >= KILLS * STARTS_BEFORE_A_KILL
    every_acknowledged_start_has_come_to_its_end(executions)
    every_acknowledged_result_is_in_effect(record, executions)
    every_stored_result_is_of_somebody_who_did_that_attempt(record, executions)
    every_task_was_completed_in_one_attempt_only(executions)
    other_attempts_were_made_only_of_what_nobody_reported_in_time(executions)
    every_attempt_was_handed_out_to_one_worker_only(record)


def every_acknowledged_start_has_come_to_its_end(executions: Executions) -> None:
    assert {execution.get("status") for execution in executions.values()} == {"COMPLETED"}


def every_acknowledged_result_is_in_effect(record: Record, executions: Executions) -> None:
    stored = attempts(executions)
    for task_id, tokens in record.acknowledged.items():
        if task_id not in stored:  # of a workflow whose start was not acknowledged
            continue
        task = stored[task_id]
        # A report that comes after the response timeout is acknowledged and changes nothing.
        assert task["status"] in {"COMPLETED", "TIMED_OUT"}, task
        if task["status"] == "COMPLETED":
            assert task["outputData"]["token"] in tokens


def every_stored_result_is_of_somebody_who_did_that_attempt(
    record: Record, executions: Executions
) -> None:
    for task in attempts(executions).values():
        if task["status"] == "COMPLETED":
            assert task["outputData"]["token"] in record.done[task["taskId"]]


def every_task_was_completed_in_one_attempt_only(executions: Executions) -> None:
    for execution in executions.values():
        completed = [
            task["referenceTaskName"]
            for task in execution["tasks"]
            if task["status"] == "COMPLETED" and task["taskType"] == "play"
        ]
        assert sorted(completed) == sorted(["tune", *BRANCHES, "bow"])


def other_attempts_were_made_only_of_what_nobody_reported_in_time(
    executions: Executions,
) -> None:
    for task in attempts(executions).values():
        if task["status"] != "COMPLETED":
            assert task["status"] == "TIMED_OUT", task
            assert task["retried"], task


def every_attempt_was_handed_out_to_one_worker_only(record: Record) -> None:
    assert max(len(tokens) for tokens in record.done.values()) == 1
