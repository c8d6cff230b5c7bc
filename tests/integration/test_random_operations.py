"""Clients, workers and operators do anything at any time: what is stored stays consistent."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import httpx

from tests.chaos.actor import Actor, Record
from tests.chaos.definitions import FRAIL, NAMES, STEP, TASK_DEFINITIONS, WORKFLOWS
from tests.chaos.invariants import violations
from tests.chaos.operations import OPERATIONS, act
from tests.eventually import eventually

SEED: Final = 20261129
THREADS: Final = 32
WORKERS: Final = 8
# Bounded by count, not by time: on a slow machine as much is done.
OPERATIONS_EACH: Final = 40
# A call waits for a second at most by itself; the rest is for machines under load.
SLOW_SECONDS: Final = 60


def test_random_operations_leave_everything_consistent(
    tmp_path: Path,
    running_server: Callable[[Path | None], AbstractContextManager[str]],
    soak_seconds: float,
) -> None:
    record = Record()
    with running_server(tmp_path) as url, httpx.Client(base_url=url, timeout=120) as http:
        prepare(http)
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(lambda n: misbehave(url, record, n, soak_seconds), range(THREADS)))
        calm_down(url, http, record)
        executions = {workflow["workflowId"]: workflow for workflow in all_workflows(http)}

    assert record.faults == []
    assert record.slowest[0] < SLOW_SECONDS, record.slowest
    assert set(record.calls) == {operation.__name__ for operation in OPERATIONS}
    assert set(record.started) - record.removed <= set(executions)
    assert list(violations(executions, record)) == []


def prepare(http: httpx.Client) -> None:
    """Register the definitions."""
    http.post("/api/metadata/taskdefs", json=TASK_DEFINITIONS).raise_for_status()
    http.put("/api/metadata/workflow", json=WORKFLOWS).raise_for_status()


def misbehave(url: str, record: Record, number: int, soak_seconds: float) -> None:
    """Do things at random; note what comes back."""
    until = time.monotonic() + soak_seconds
    with httpx.Client(base_url=url, timeout=120) as http:
        actor = Actor(url, http, record, random.Random(SEED + number), f"client-{number}")
        done = 0
        while done < OPERATIONS_EACH or time.monotonic() < until:
            act(actor)
            done += 1


def calm_down(url: str, http: httpx.Client, record: Record) -> None:
    """Finish everything that is open, as good workers and operators do."""
    with ThreadPoolExecutor(WORKERS) as threads:
        over: list[bool] = []
        working = [threads.submit(finish, url, record, n, over) for n in range(WORKERS)]
        try:
            eventually(lambda: open_workflows(http), lambda found: not found, every_seconds=0.3)
        finally:
            over.append(True)
        for worker in working:
            worker.result()


def open_workflows(http: httpx.Client) -> list[Any]:
    """Return what is still open; wake what is paused, and end what waits for people."""
    found = list(search(http, "status IN (RUNNING, PAUSED)"))
    for summary in found:
        workflow_id = summary["workflowId"]
        if summary["status"] == "PAUSED":
            http.put(f"/api/workflow/{workflow_id}/resume")
        elif summary["workflowType"] == "chaos_waits":
            http.post(f"/api/tasks/{workflow_id}/COMPLETED/signal", json={"token": "by-hand-end"})
            http.post(f"/api/tasks/{workflow_id}/human/COMPLETED", json={"token": "by-hand-end"})
    return found


def finish(url: str, record: Record, number: int, over: list[bool]) -> None:
    """Complete every task there is until it is over."""
    with httpx.Client(base_url=url, timeout=120) as http:
        actor = Actor(url, http, record, random.Random(number), f"worker-{number}")
        while not over:
            for task_type in (STEP, FRAIL):
                path = f"/tasks/poll/batch/{task_type}?workerid={actor.name}&count=5&timeout=50"
                for task in actor.poll(path):
                    actor.report(task, "COMPLETED")


def all_workflows(http: httpx.Client) -> Iterator[dict[str, Any]]:
    """Yield every workflow that is stored, with its tasks."""
    for name in NAMES:
        for summary in search(http, f"workflowType = '{name}'"):
            yield http.get(f"/api/workflow/{summary['workflowId']}").json()


def search(http: httpx.Client, query: str) -> list[dict[str, Any]]:
    """Return what a search finds, in all of its pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = {"query": query, "start": len(found), "size": 1000, "sort": "startTime:ASC"}
        reply = http.get("/api/workflow/search", params=page).raise_for_status().json()
        found += reply["results"]
        if not reply["results"] or len(found) >= reply["totalHits"]:
            return found
