"""Clients that go away while they wait: they take nothing with them, and hold nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.raw_http import Leaving, leave, request, sent

Call = Callable[..., Any]
Maker = Callable[[str], str]

DEAD = 30
WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}
NOOP = {"name": "noop", "taskReferenceName": "noop", "type": "NOOP"}


@pytest.mark.parametrize("how", Leaving)
@pytest.mark.parametrize("path", ["/api/tasks/poll/batch/{}?timeout=5000&count=5"])
def test_dead_polls_take_no_task(
    server_url: str,
    api: httpx.Client,
    register: Call,
    start: Call,
    a_name: Maker,
    how: Leaving,
    path: str,
) -> None:
    step = a_name("step")
    flow = register({"name": step, "taskReferenceName": "only", "type": "SIMPLE"})
    polls = [sent(server_url, request("GET", path.format(step))) for _ in range(DEAD)]
    time.sleep(0.5)  # all of them stand in line before the live worker does
    for poll in polls:
        leave(poll, how)
    found: list[Any] = []
    live = threading.Thread(
        target=lambda: found.append(_poll(api, step, timeout_millis=5000)), daemon=True
    )
    live.start()
    time.sleep(0.3)

    began = time.monotonic()
    workflow_id = start(flow)
    live.join(10)

    assert [task["workflowInstanceId"] for task in found[0]] == [workflow_id]
    assert time.monotonic() - began < 2
    for poll in polls:
        poll.close()


@pytest.mark.parametrize("how", Leaving)
def test_task_that_a_dead_client_was_handed_is_given_back(
    server_url: str,
    api: httpx.Client,
    register: Call,
    start: Call,
    a_name: Maker,
    how: Leaving,
) -> None:
    step = a_name("step")
    flow = register({"name": step, "taskReferenceName": "only", "type": "SIMPLE"})
    started = [start(flow) for _ in range(DEAD)]

    for _ in range(DEAD):  # each leaves with the request hardly sent
        leave(sent(server_url, request("GET", f"/api/tasks/poll/batch/{step}")), how)
    found: list[str] = []

    def look() -> list[str]:
        tasks = _poll(api, step, timeout_millis=200, count=DEAD)
        found.extend(task["workflowInstanceId"] for task in tasks)
        return found

    eventually(look, lambda seen: len(seen) >= DEAD - 3)
    # What was sent in the moment before the client left cannot be told from what it received.
    assert len(set(found)) == len(found)
    assert set(found) <= set(started)


@pytest.mark.parametrize("how", Leaving)
@pytest.mark.parametrize("kind", ["execute", "signal"])
def test_dead_waits_hold_up_nobody(
    server_url: str, api: httpx.Client, register: Call, start: Call, how: Leaving, kind: str
) -> None:
    second = {**WAIT, "taskReferenceName": "second"}
    human = {"name": "human", "taskReferenceName": "human", "type": "HUMAN"}
    slow = register(human) if kind == "execute" else register(WAIT, human, second)
    quick = register(NOOP)

    def asked() -> str:
        if kind == "execute":
            path = f"/api/workflow/execute/{slow}/1?waitForSeconds=28"
        else:
            workflow_id = start(slow)
            path = f"/api/tasks/{workflow_id}/COMPLETED/signal/sync?timeoutMillis=28000"
        return request(
            "POST", path, body="{}", headers=("Host: localhost", "Content-Type: application/json")
        )

    waits = [sent(server_url, asked()) for _ in range(64)]  # as many as there are threads for it
    time.sleep(0.5)
    for wait in waits:
        leave(wait, how)

    began = time.monotonic()
    reply = api.post(f"/workflow/execute/{quick}/1", json={}, timeout=30)

    assert reply.json()["status"] == "COMPLETED"
    assert time.monotonic() - began < 4
    for wait in waits:
        wait.close()


def _poll(
    api: httpx.Client, step: str, *, timeout_millis: int, count: int = 1
) -> list[dict[str, Any]]:
    query: dict[str, str | int] = {
        "workerid": "live",
        "count": count,
        "timeout": timeout_millis,
    }
    reply = api.get(f"/tasks/poll/batch/{step}", params=query, timeout=20)
    assert reply.status_code == 200, reply.text
    tasks: list[dict[str, Any]] = reply.json()
    return tasks
