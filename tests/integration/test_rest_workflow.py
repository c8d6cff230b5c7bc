"""Starting, reading and steering executions, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Maker = Callable[[str], str]
Call = Callable[..., Any]


def a_task(name: str, ref: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": ref or name, "type": "SIMPLE", **fields}


@pytest.fixture
def step(a_name: Maker) -> str:
    return a_name("step")


@pytest.fixture
def running(register: Call, start: Call, step: str) -> str:
    """Return the id of a workflow that waits for a worker to do ``step``."""
    workflow_id: str = start(register(a_task(step, "first")), correlationId="c1")
    return workflow_id


@pytest.fixture
def completed(running: str, work: Call, step: str) -> str:
    work(step, answer=42)
    return running


def status_of(api: httpx.Client, workflow_id: str) -> str:
    status: str = api.get(f"/workflow/{workflow_id}/status").json()["status"]
    return status


def test_start_answers_with_the_id_as_text(api: httpx.Client, register: Call, step: str) -> None:
    name = register(a_task(step))

    reply = api.post("/workflow", json={"name": name, "input": {"a": None}, "priority": 5})

    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    workflow = api.get(f"/workflow/{reply.text}").json()
    assert workflow["input"] == {"a": None}
    assert workflow["priority"] == 5
    assert workflow["status"] == "RUNNING"
    assert workflow["workflowName"] == name
    assert workflow["startTime"] == workflow["createTime"]
    assert [task["status"] for task in workflow["tasks"]] == ["SCHEDULED"]


def test_start_by_name_takes_the_body_as_input(
    api: httpx.Client, register: Call, step: str
) -> None:
    name = register(a_task(step))

    reply = api.post(
        f"/workflow/{name}?version=1&correlationId=c9&priority=3", json={"a": [1, None]}
    )

    workflow = api.get(f"/workflow/{reply.text}?includeTasks=False").json()
    assert workflow["input"] == {"a": [1, None]}
    assert workflow["correlationId"] == "c9"
    assert workflow["priority"] == 3
    assert workflow["tasks"] == []


def test_start_above_a_rate_limit_waits_or_is_refused(
    api: httpx.Client, register: Call, start: Call, step: str
) -> None:
    config = {"rateLimitKey": "${workflow.input.c}", "concurrentExecLimit": 1}
    queueing = register(a_task(step), rateLimitConfig=config)
    rejecting = register(a_task(step), rateLimitConfig={**config, "policy": "REJECT"})
    for name in (queueing, rejecting):
        start(name, input={"c": "x"})

    waiting = api.get(f"/workflow/{start(queueing, input={'c': 'x'})}").json()
    refused = api.post("/workflow", json={"name": rejecting, "input": {"c": "x"}})

    assert (waiting["rateLimited"], waiting["rateLimitKey"]) == (True, "x")
    assert (waiting["status"], waiting["tasks"]) == ("RUNNING", [])
    assert (refused.status_code, refused.json()["retryable"]) == (429, True)
    assert "rateLimitKey 'x'" in refused.json()["message"]


def test_idempotency_key_makes_one_execution(api: httpx.Client, register: Call, step: str) -> None:
    name = register(a_task(step))
    request = {"name": name, "idempotencyKey": "k", "idempotencyStrategy": "RETURN_EXISTING"}

    first = api.post("/workflow", json=request).text
    again = api.post("/workflow", json=request).text
    by_name = api.post(
        f"/workflow/{name}?idempotencyKey=k&idempotencyStrategy=RETURN_EXISTING", json={}
    ).text
    executed = api.post(f"/workflow/execute/{name}/1?waitForSeconds=1", json=request).json()
    refused = api.post("/workflow", json={"name": name, "idempotencyKey": "k"})

    assert {first, again, by_name, executed["workflowId"]} == {first}
    assert refused.status_code == 409
    assert first in refused.json()["message"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/workflow", {"name": "x", "priority": 100}, "Validation failed"),
        ("/workflow", {"name": ""}, "Validation failed"),
        ("/workflow", {"name": "x", "input": "text"}, "Validation failed"),
        ("/workflow", {"name": "x", "idempotencyStrategy": "SOMETIMES"}, "Validation failed"),
        ("/workflow", [], "Validation failed"),
        ("/workflow/x?priority=100", {}, "priority: expected a whole number from 0 to 99"),
        ("/workflow/x?version=latest", {}, "version: expected a whole number"),
        ("/workflow/x", [1], "Validation failed"),
    ],
)
def test_malformed_start_is_refused(api: httpx.Client, path: str, body: Any, message: str) -> None:
    reply = api.post(path, json=body)

    assert reply.status_code == 400
    assert reply.json()["message"].startswith(message)


@pytest.mark.parametrize("body", ["", "{", '{"name": "x"', "\xff"])
def test_unreadable_start_is_refused(api: httpx.Client, body: str) -> None:
    for path in ("/workflow", "/workflow/x"):
        reply = api.post(path, content=body.encode("latin-1"))

        assert reply.status_code == 400
        assert reply.json()["status"] == 400


def test_unknown_definition_is_not_found(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("nothing")

    for reply in (
        api.post("/workflow", json={"name": name}),
        api.post(f"/workflow/{name}", json={}),
        api.post(f"/workflow/execute/{name}/1", json={"name": name}),
    ):
        assert reply.status_code == 404
        assert name in reply.json()["message"]


def test_unknown_workflow_is_not_found(api: httpx.Client) -> None:
    message = "No such workflow found by id: nope"
    for method, path in (
        ("GET", "/workflow/nope"),
        ("GET", "/workflow/nope/status"),
        ("GET", "/workflow/nope/tasks"),
        ("PUT", "/workflow/nope/pause"),
        ("PUT", "/workflow/nope/resume"),
        ("PUT", "/workflow/decide/nope"),
        ("PUT", "/workflow/nope/skiptask/x"),
        ("POST", "/workflow/nope/restart"),
        ("POST", "/workflow/nope/retry"),
        ("POST", "/workflow/nope/rerun"),
        ("POST", "/workflow/nope/resetcallbacks"),
        ("DELETE", "/workflow/nope"),
        ("DELETE", "/workflow/nope/remove"),
        ("DELETE", "/workflow/nope/terminate-remove"),
    ):
        reply = api.request(method, path, json={})

        assert (path, reply.status_code) == (path, 404)
        assert reply.json()["message"] == message


def test_status_tells_more_only_if_asked(api: httpx.Client, completed: str) -> None:
    brief = api.get(f"/workflow/{completed}/status").json()
    full = api.get(f"/workflow/{completed}/status?includeOutput=true&includeVariables=True").json()

    assert brief == {"workflowId": completed, "correlationId": "c1", "status": "COMPLETED"}
    assert full["output"] == {"answer": 42}
    assert full["variables"] == {}


def test_tasks_are_paged_and_filtered(api: httpx.Client, completed: str) -> None:
    every = api.get(f"/workflow/{completed}/tasks").json()
    none = api.get(f"/workflow/{completed}/tasks?status=failed&status=TIMED_OUT").json()
    done = api.get(f"/workflow/{completed}/tasks?status=completed&start=0&count=1").json()
    beyond = api.get(f"/workflow/{completed}/tasks?start=1").json()

    assert (every["totalHits"], len(every["results"])) == (1, 1)
    assert none == {"totalHits": 0, "results": []}
    assert done["results"][0]["referenceTaskName"] == "first"
    assert beyond["results"] == []
    assert api.get(f"/workflow/{completed}/tasks?status=DONE").status_code == 400


def test_pause_and_resume(api: httpx.Client, running: str) -> None:
    assert api.put(f"/workflow/{running}/pause", json={}).status_code == 200
    assert status_of(api, running) == "PAUSED"
    assert api.put(f"/workflow/{running}/pause").status_code == 200

    assert api.put(f"/workflow/{running}/resume", json={}).status_code == 200
    assert status_of(api, running) == "RUNNING"
    assert api.put(f"/workflow/{running}/resume").status_code in {400, 409}


def test_terminate_keeps_the_reason(api: httpx.Client, running: str) -> None:
    reply = api.request(
        "DELETE", f"/workflow/{running}?reason=no%20more&triggerFailureWorkflow=True", json={}
    )

    assert (reply.status_code, reply.content) == (200, b"")
    workflow = api.get(f"/workflow/{running}").json()
    assert workflow["status"] == "TERMINATED"
    assert workflow["reasonForIncompletion"] == "no more"
    assert [task["status"] for task in workflow["tasks"]] == ["CANCELED"]
    assert api.delete(f"/workflow/{running}").status_code == 200


def test_completed_workflow_cannot_be_terminated(api: httpx.Client, completed: str) -> None:
    reply = api.delete(f"/workflow/{completed}")

    assert reply.status_code == 409
    assert reply.json()["message"] == "Cannot terminate a COMPLETED workflow."


def test_restart_answers_204(api: httpx.Client, completed: str, work: Call, step: str) -> None:
    reply = api.post(f"/workflow/{completed}/restart?useLatestDefinitions=False", json={})

    assert (reply.status_code, reply.content) == (204, b"")
    assert status_of(api, completed) == "RUNNING"
    work(step)
    assert status_of(api, completed) == "COMPLETED"


def test_running_workflow_is_not_restarted(api: httpx.Client, running: str) -> None:
    assert api.post(f"/workflow/{running}/restart").status_code == 409


def test_retry_answers_204(api: httpx.Client, running: str, work: Call, step: str) -> None:
    assert api.post(f"/workflow/{running}/retry").status_code == 404
    work(step, "FAILED_WITH_TERMINAL_ERROR")
    assert status_of(api, running) == "FAILED"

    reply = api.post(f"/workflow/{running}/retry?resumeSubworkflowTasks=False", json={})

    assert (reply.status_code, reply.content) == (204, b"")
    work(step)
    assert status_of(api, running) == "COMPLETED"
    refused = api.post(f"/workflow/{running}/retry")
    assert refused.status_code == 409
    assert refused.json()["message"].startswith("There are no retryable tasks!")


def test_rerun_answers_with_the_id(api: httpx.Client, completed: str) -> None:
    reply = api.post(f"/workflow/{completed}/rerun", json={"workflowInput": {"again": True}})

    assert (reply.status_code, reply.text) == (200, completed)
    assert api.get(f"/workflow/{completed}").json()["input"] == {"again": True}


def test_reset_callbacks_answers_204(api: httpx.Client, running: str) -> None:
    reply = api.post(f"/workflow/{running}/resetcallbacks", json={})

    assert (reply.status_code, reply.content) == (204, b"")


def test_ended_workflow_is_not_reset(api: httpx.Client, completed: str) -> None:
    assert api.post(f"/workflow/{completed}/resetcallbacks").status_code == 409


def test_skipped_task_is_stepped_over(
    api: httpx.Client, register: Call, start: Call, work: Call, step: str, a_name: Maker
) -> None:
    second = a_name("second")
    workflow_id = start(register(a_task(step, "first"), a_task(second, "second")))

    reply = api.put(
        f"/workflow/{workflow_id}/skiptask/second?skipTaskRequest=%7B%7D",
        json={"taskOutput": {"made": "up"}},
    )

    assert reply.status_code == 200
    work(step)
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert workflow["status"] == "COMPLETED"
    skipped = next(task for task in workflow["tasks"] if task["status"] == "SKIPPED")
    assert skipped["outputData"] == {"made": "up"}


def test_skip_takes_an_empty_body(api: httpx.Client, running: str) -> None:
    assert api.put(f"/workflow/{running}/skiptask/first", json={}).status_code in {400, 409}
    assert api.put(f"/workflow/{running}/skiptask/absent").status_code in {400, 404}


def test_removed_workflow_is_gone(api: httpx.Client, completed: str) -> None:
    reply = api.request("DELETE", f"/workflow/{completed}/remove?archiveWorkflow=False", json={})

    assert reply.status_code == 200
    assert api.get(f"/workflow/{completed}").status_code == 404


def test_running_workflow_is_not_archived(api: httpx.Client, running: str) -> None:
    assert api.delete(f"/workflow/{running}/remove").status_code == 400


def test_running_workflow_is_terminated_and_removed(api: httpx.Client, running: str) -> None:
    reply = api.delete(f"/workflow/{running}/terminate-remove?archiveWorkflow=false&reason=x")

    assert reply.status_code == 200
    assert api.get(f"/workflow/{running}").status_code == 404


def test_decide_is_harmless(api: httpx.Client, running: str) -> None:
    reply = api.put(f"/workflow/decide/{running}", json={})

    assert (reply.status_code, reply.content) == (200, b"")


def test_correlated_workflows_are_found(
    api: httpx.Client, register: Call, start: Call, step: str, a_name: Maker
) -> None:
    name, correlation = register(a_task(step)), a_name("c")
    open_one = start(name, correlationId=correlation)
    ended = start(name, correlationId=correlation)
    api.delete(f"/workflow/{ended}")
    path = f"/workflow/{name}/correlated"

    some = api.get(f"{path}/{correlation}").json()
    every = api.get(f"{path}/{correlation}?includeClosed=true&includeTasks=true").json()
    by_id = api.post(
        f"{path}?includeClosed=True&includeTasks=True", json=[correlation, "absent"]
    ).json()

    assert [each["workflowId"] for each in some] == [open_one]
    assert some[0]["tasks"] == []
    assert {each["workflowId"] for each in every} == {open_one, ended}
    assert all(len(each["tasks"]) == 1 for each in every)
    assert {each["workflowId"] for each in by_id[correlation]} == {open_one, ended}
    assert by_id["absent"] == []


def test_running_ids_are_listed(api: httpx.Client, register: Call, start: Call, step: str) -> None:
    name = register(a_task(step))
    open_one, ended = start(name), start(name)
    api.delete(f"/workflow/{ended}")
    created = api.get(f"/workflow/{open_one}").json()["createTime"]
    window = f"startTime={created - 10_000}&endTime={created + 10_000}"

    assert api.get(f"/workflow/running/{name}").json() == [open_one]
    assert api.get(f"/workflow/running/{name}?version=2").json() == []
    assert set(api.get(f"/workflow/running/{name}?{window}").json()) == {open_one, ended}


def test_input_that_breaks_a_registered_schema_is_refused(
    api: httpx.Client, register: Call, step: str
) -> None:
    schema = {"name": step, "version": 1, "type": "JSON"}
    data = {"properties": {"items": {"type": "array", "items": {"type": "integer"}}}}
    assert api.post("/schema", json=[{**schema, "data": data}]).status_code == 200
    name = register(a_task(step), inputSchema=schema)

    refused = api.post("/workflow", json={"name": name, "input": {"items": [1, "x"]}})

    assert refused.status_code == 400
    assert "input.items[1]" in refused.json()["message"]
    assert api.post("/workflow", json={"name": name, "input": {"items": [1]}}).status_code == 200
