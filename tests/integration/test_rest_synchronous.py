"""Starts and signals that wait for an outcome, over HTTP."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.eventually import eventually

Maker = Callable[[str], str]
Call = Callable[..., Any]

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}


def an_inline(ref: str) -> dict[str, Any]:
    return {
        "name": ref,
        "taskReferenceName": ref,
        "type": "INLINE",
        "inputParameters": {"evaluatorType": "javascript", "expression": "7"},
    }


def a_sub_workflow(name: str) -> dict[str, Any]:
    return {
        "name": "sub",
        "taskReferenceName": "sub",
        "type": "SUB_WORKFLOW",
        "subWorkflowParam": {"name": name, "version": 1},
    }


def execute(api: httpx.Client, name: str, **query: Any) -> Any:
    reply = api.post(f"/workflow/execute/{name}/1", params=query, json={"name": name})
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_instant_workflow_is_answered_with_its_outcome(api: httpx.Client, register: Call) -> None:
    name = register(an_inline("seven"))

    run = execute(api, name, requestId="r1", waitUntilTaskRef="", consistency="DURABLE")

    assert run["responseType"] == "TARGET_WORKFLOW"
    assert run["status"] == run["targetWorkflowStatus"] == "COMPLETED"
    assert run["workflowId"] == run["targetWorkflowId"]
    assert run["requestId"] == "r1"
    assert run["signalTimeout"] is False
    assert run["output"] == {"result": 7}
    assert [task["referenceTaskName"] for task in run["tasks"]] == ["seven"]


def test_version_zero_and_an_empty_body_will_do(api: httpx.Client, register: Call) -> None:
    name = register(an_inline("seven"))

    reply = api.post(f"/workflow/execute/{name}/0?requestId=None", json={})

    assert reply.status_code == 200
    assert reply.json()["status"] == "COMPLETED"


def test_inline_definition_is_run(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("dynamic")
    body = {"name": name, "workflowDef": {"name": name, "tasks": [an_inline("seven")]}}

    run = api.post(f"/workflow/execute/{name}/1", json=body).json()

    assert run["status"] == "COMPLETED"
    assert run["input"]["_systemMetadata"] == {"dynamic": True}


def test_wait_without_end_is_answered_at_once(api: httpx.Client, register: Call) -> None:
    name = register(WAIT)

    before = time.monotonic()
    run = execute(api, name, waitForSeconds=30)

    assert time.monotonic() - before < 25
    assert (run["status"], run["signalTimeout"]) == ("RUNNING", False)


def test_wait_is_over_in_time(api: httpx.Client, register: Call, a_name: Maker) -> None:
    name = register({"name": a_name("s"), "taskReferenceName": "s", "type": "SIMPLE"})

    before = time.monotonic()
    run = execute(api, name, waitForSeconds=1)

    assert 0.9 < time.monotonic() - before < 9  # not 10, which is the default
    assert (run["status"], run["signalTimeout"]) == ("RUNNING", True)


def test_named_task_stops_the_wait(
    api: httpx.Client, register: Call, work: Call, a_name: Maker
) -> None:
    step, other = a_name("step"), a_name("other")
    name = register(
        {"name": step, "taskReferenceName": "step", "type": "SIMPLE"},
        {"name": other, "taskReferenceName": "other", "type": "SIMPLE"},
    )

    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(execute, api, name, waitUntilTaskRef="x, step", waitForSeconds=30)
        work(step, done=True)
        run = waiting.result(60)

    assert (run["status"], run["signalTimeout"]) == ("RUNNING", False)


@pytest.mark.parametrize("strategy", ["BLOCKING_TASK", "BLOCKING_TASK_INPUT"])
def test_blocking_task_can_be_asked_for(api: httpx.Client, register: Call, strategy: str) -> None:
    child = register(WAIT)
    name = register(a_sub_workflow(child))

    run = execute(api, name, returnStrategy=strategy, requestId="r1")

    assert run["responseType"] == strategy
    assert run["referenceTaskName"] == "wait"
    assert run["taskType"] == "WAIT"
    assert run["status"] == "IN_PROGRESS"
    assert run["workflowId"] != run["targetWorkflowId"]
    assert run["requestId"] == "r1"
    assert api.get(f"/tasks/{run['taskId']}").json()["workflowType"] == child


def test_blocking_workflow_can_be_asked_for(api: httpx.Client, register: Call) -> None:
    child = register(WAIT)
    name = register(a_sub_workflow(child))

    run = execute(api, name, returnStrategy="BLOCKING_WORKFLOW")

    assert run["responseType"] == "BLOCKING_WORKFLOW"
    assert run["workflowId"] != run["targetWorkflowId"]
    assert [task["referenceTaskName"] for task in run["tasks"]] == ["wait"]


@pytest.mark.parametrize("strategy", ["BLOCKING_TASK", "BLOCKING_TASK_INPUT", "BLOCKING_WORKFLOW"])
def test_without_blocking_task_the_target_is_answered(
    api: httpx.Client, register: Call, strategy: str
) -> None:
    name = register(an_inline("seven"))

    run = execute(api, name, returnStrategy=strategy)

    assert run["status"] == "COMPLETED"
    assert run["workflowId"] == run["targetWorkflowId"]
    assert len(run["tasks"]) == 1


@pytest.mark.parametrize("query", ["returnStrategy=ALL", "waitForSeconds=-1", "waitForSeconds=x"])
def test_malformed_wait_is_refused(api: httpx.Client, register: Call, query: str) -> None:
    name = register(an_inline("seven"))

    assert api.post(f"/workflow/execute/{name}/1?{query}", json={}).status_code == 400
    assert api.post(f"/workflow/execute/{name}/one", json={}).status_code == 400


def test_signal_is_answered_with_what_follows(
    api: httpx.Client, register: Call, start: Call
) -> None:
    second = {**WAIT, "taskReferenceName": "second"}
    workflow_id = start(register(WAIT, second))
    path = f"/tasks/{workflow_id}/COMPLETED/signal/sync"

    blocked = api.post(f"{path}?returnStrategy=BLOCKING_TASK", json={"n": 1}).json()
    ended = api.post(path, json={"n": 2})
    nothing = api.post(path, json={})

    assert blocked["referenceTaskName"] == "second"
    assert ended.json()["status"] == "COMPLETED"
    assert ended.json()["output"] == {"n": 2}
    assert nothing.status_code == 404
    assert nothing.json()["message"] == f"Found no blocked task in workflow {workflow_id} to signal"


def test_waiting_requests_leave_others_quick(
    api: httpx.Client, register: Call, a_name: Maker
) -> None:
    name = register({"name": a_name("s"), "taskReferenceName": "s", "type": "SIMPLE"})

    with ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(execute, api, name, waitForSeconds=30) for _ in range(40)]
        ids = eventually(
            lambda: api.get(f"/workflow/running/{name}").json(), lambda found: len(found) == 40
        )
        assert api.get("/health").status_code == 200
        assert not any(run.done() for run in waiting)

        assert api.post("/workflow/bulk/terminate", json=ids).status_code == 200
        assert {run.result(60)["status"] for run in waiting} == {"TERMINATED"}
