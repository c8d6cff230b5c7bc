"""Polling, reporting and looking at tasks, over HTTP."""

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.eventually import eventually

Maker = Callable[[str], str]
Call = Callable[..., Any]

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}


@pytest.fixture
def step(a_name: Maker) -> str:
    return a_name("step")


@pytest.fixture
def flow(register: Call, step: str) -> str:
    """Return the name of a workflow of two tasks of one type."""
    tasks = [
        {"name": step, "taskReferenceName": ref, "type": "SIMPLE", "inputParameters": {"a": None}}
        for ref in ("first", "second")
    ]
    name: str = register(*tasks)
    return name


def poll(api: httpx.Client, step: str, **parameters: Any) -> list[dict[str, Any]]:
    query = {"workerid": "w1", "count": 1, "timeout": 1000, **parameters}
    reply = api.get(f"/tasks/poll/batch/{step}", params=query)
    assert reply.status_code == 200, reply.text
    tasks: list[dict[str, Any]] = reply.json()
    return tasks


def a_result(task: dict[str, Any], status: str = "COMPLETED", **fields: Any) -> dict[str, Any]:
    return {
        "workflowInstanceId": task["workflowInstanceId"],
        "taskId": task["taskId"],
        "workerId": "w1",
        "status": status,
        **fields,
    }


def test_polled_task_is_the_workers(api: httpx.Client, flow: str, start: Call, step: str) -> None:
    workflow_id = start(flow)

    task = poll(api, step)[0]

    assert task["status"] == "IN_PROGRESS"
    assert task["workerId"] == "w1"
    assert task["pollCount"] == 1
    assert task["workflowInstanceId"] == workflow_id
    assert task["taskType"] == task["taskDefName"] == step
    assert task["referenceTaskName"] == "first"
    assert task["inputData"] == {"a": None}
    assert task["responseTimeoutSeconds"] == 3600
    assert poll(api, step, timeout=0) == []


def test_waiting_task_is_shown_as_a_poll_would_hand_it_out(
    api: httpx.Client, register: Call, start: Call, step: str, a_name: Maker
) -> None:
    secret = a_name("secret")
    api.put(f"/secrets/{secret}", content="hunter2")
    inputs = {"password": f"${{workflow.secrets.{secret}}}"}
    pay = {"name": step, "taskReferenceName": "pay", "type": "SIMPLE", "inputParameters": inputs}
    (shown,) = api.get(f"/workflow/{start(register(pay))}").json()["tasks"]

    def waiting_of(*task_ids: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = api.post("/tasks/waiting", json={"taskIds": task_ids}).json()
        return found

    (waiting,) = waiting_of(shown["taskId"], "unknown")
    (polled,) = poll(api, step)

    assert "hunter2" not in str(shown)
    assert waiting["status"] == "SCHEDULED"
    assert waiting["inputData"] == polled["inputData"] == {"password": "hunter2"}
    assert waiting_of(polled["taskId"]) == []
    too_many = api.post("/tasks/waiting", json={"taskIds": ["t"] * 101})
    assert (too_many.status_code, "taskIds" in too_many.text) == (400, True)


def test_nothing_to_do_is_an_empty_list_or_204(api: httpx.Client, step: str) -> None:
    batch = api.get(f"/tasks/poll/batch/{step}?workerid=w1&count=5&timeout=100&domain=")
    single = api.get(f"/tasks/poll/{step}?workerid=w1")

    assert (batch.status_code, batch.json()) == (200, [])
    assert (single.status_code, single.content) == (204, b"")


def test_single_poll_answers_with_a_task(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    workflow_id = start(flow)

    reply = api.get(f"/tasks/poll/{step}?workerid=w1")

    assert reply.status_code == 200
    assert reply.json()["workflowInstanceId"] == workflow_id


def test_empty_poll_waits_no_longer_than_asked(api: httpx.Client, step: str) -> None:
    before = time.monotonic()
    poll(api, step, timeout=300)
    waited_seconds = time.monotonic() - before

    assert 0.25 < waited_seconds < 4.5  # 5 are the most that a poll may wait


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("timeout=5001", "Long Poll Timeout value cannot be more than 5 seconds"),
        ("timeout=-1", "timeout: expected a whole number from 0"),
        ("timeout=soon", "timeout: expected a whole number, got 'soon'"),
        ("count=many", "count: expected a whole number, got 'many'"),
    ],
)
def test_malformed_poll_is_refused(api: httpx.Client, query: str, message: str) -> None:
    reply = api.get(f"/tasks/poll/batch/x?{query}")

    assert reply.status_code == 400
    assert reply.json()["message"].startswith(message)


def test_result_is_acknowledged_with_the_id(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)
    task = poll(api, step)[0]

    reply = api.post("/tasks", json=a_result(task, outputData={"a": None}, unknown=1))

    assert (reply.status_code, reply.text) == (200, task["taskId"])
    assert reply.headers["content-type"].startswith("text/plain")
    found = api.get(f"/tasks/{task['taskId']}").json()
    assert found["status"] == "COMPLETED"
    assert found["outputData"] == {"a": None}


def test_late_result_is_acknowledged_and_changes_nothing(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)
    task = poll(api, step)[0]
    api.post("/tasks", json=a_result(task, outputData={"n": 1}))

    reply = api.post("/tasks", json=a_result(task, "FAILED", outputData={"n": 2}))

    assert (reply.status_code, reply.text) == (200, task["taskId"])
    found = api.get(f"/tasks/{task['taskId']}").json()
    assert (found["status"], found["outputData"]) == ("COMPLETED", {"n": 1})


def test_report_brings_the_next_task_of_the_type(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    workflow_id = start(flow)
    task = poll(api, step)[0]

    following = api.post("/tasks/update-v2", json=a_result(task))

    assert following.status_code == 200
    assert following.json()["referenceTaskName"] == "second"
    assert following.json()["status"] == "IN_PROGRESS"
    assert following.json()["workerId"] == "w1"
    last = api.post("/tasks/update-v2", json=a_result(following.json()))
    assert (last.status_code, last.content) == (204, b"")
    assert api.get(f"/workflow/{workflow_id}").json()["status"] == "COMPLETED"


def test_report_of_progress_brings_nothing(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)
    start(flow)
    task = poll(api, step)[0]

    reply = api.post(
        "/tasks/update-v2", json=a_result(task, "IN_PROGRESS", callbackAfterSeconds=60)
    )

    assert reply.status_code == 204
    assert api.get(f"/tasks/{task['taskId']}").json()["status"] == "SCHEDULED"


def test_extended_lease_changes_neither_status_nor_output(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)
    task = poll(api, step)[0]

    reply = api.post("/tasks", json=a_result(task, "IN_PROGRESS", extendLease=True))

    assert reply.status_code == 200
    found = api.get(f"/tasks/{task['taskId']}").json()
    assert found["status"] == "IN_PROGRESS"
    assert found["updateTime"] >= task["updateTime"]


def test_result_of_an_unknown_task_is_not_found(api: httpx.Client, flow: str, start: Call) -> None:
    known = start(flow)
    for path in ("/tasks", "/tasks/update-v2"):
        no_workflow = api.post(
            path, json={"workflowInstanceId": "nope", "taskId": "x", "status": "COMPLETED"}
        )
        no_task = api.post(
            path, json={"workflowInstanceId": known, "taskId": "nope", "status": "COMPLETED"}
        )

        assert no_workflow.status_code == 404
        assert no_workflow.json()["message"] == "No such workflow found by id: nope"
        assert no_task.status_code == 404
        assert no_task.json()["message"] == "No such task found by id: nope"


@pytest.mark.parametrize(
    "body",
    [
        {"workflowInstanceId": "w", "taskId": "t"},
        {"workflowInstanceId": "w", "taskId": "t", "status": "DONE"},
        {"workflowInstanceId": "w", "taskId": "t", "status": "SCHEDULED"},
        {"workflowInstanceId": "w", "status": "COMPLETED"},
        {"workflowInstanceId": "w", "taskId": "t", "status": "COMPLETED", "outputData": 1},
    ],
)
def test_malformed_result_is_refused(api: httpx.Client, body: dict[str, Any]) -> None:
    for path in ("/tasks", "/tasks/update-v2"):
        reply = api.post(path, json=body)

        assert reply.status_code == 400
        assert reply.json()["validationErrors"]


def test_domain_has_a_queue_of_its_own(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow, taskToDomain={step: "blue"})

    assert poll(api, step, timeout=0) == []
    assert poll(api, step, domain="blue")[0]["domain"] == "blue"


def test_pending_task_is_reported_by_its_reference(
    api: httpx.Client, flow: str, start: Call
) -> None:
    workflow_id = start(flow)

    reply = api.post(f"/tasks/{workflow_id}/first/COMPLETED?workerid=me", json={"n": 1})

    assert reply.status_code == 200
    found = api.get(f"/tasks/{reply.text}").json()
    assert (found["status"], found["outputData"]) == ("COMPLETED", {"n": 1})
    again = api.post(f"/tasks/{workflow_id}/first/COMPLETED", json={})
    assert (again.status_code, again.content) == (200, b"")


def test_synchronous_report_answers_with_the_workflow(
    api: httpx.Client, flow: str, start: Call
) -> None:
    workflow_id = start(flow)

    reply = api.post(f"/tasks/{workflow_id}/first/COMPLETED/sync", json={"n": 1})

    assert reply.status_code == 200
    assert reply.json()["workflowId"] == workflow_id
    assert [task["status"] for task in reply.json()["tasks"]] == ["COMPLETED", "SCHEDULED"]
    missing = api.post(f"/tasks/{workflow_id}/first/COMPLETED/sync", json={})
    assert missing.status_code == 404
    assert missing.json()["message"] == (
        f"Found no running task first of workflow {workflow_id} to update"
    )


@pytest.mark.parametrize("status", ["completed", "SCHEDULED", "TIMED_OUT", "x"])
def test_unknown_status_in_the_path_is_refused(api: httpx.Client, status: str) -> None:
    for path in (f"w/ref/{status}", f"w/ref/{status}/sync", f"w/{status}/signal"):
        reply = api.post(f"/tasks/{path}", json={})

        assert reply.status_code == 400
        assert "IN_PROGRESS" in reply.json()["message"]


def test_report_by_reference_needs_a_body(api: httpx.Client, flow: str, start: Call) -> None:
    workflow_id = start(flow)

    assert api.post(f"/tasks/{workflow_id}/first/COMPLETED").status_code == 400


def test_signal_ends_a_wait(api: httpx.Client, register: Call, start: Call) -> None:
    workflow_id = start(register(WAIT))

    reply = api.post(f"/tasks/{workflow_id}/COMPLETED/signal", json={"go": True})

    assert (reply.status_code, reply.content) == (200, b"")
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert (workflow["status"], workflow["output"]) == ("COMPLETED", {"go": True})
    assert api.post(f"/tasks/{workflow_id}/COMPLETED/signal", json={}).status_code == 200


def test_log_keeps_raw_lines_in_order(api: httpx.Client, flow: str, start: Call, step: str) -> None:
    start(flow)
    task_id = poll(api, step)[0]["taskId"]
    assert api.get(f"/tasks/{task_id}/log").status_code == 204

    headers = {"content-type": "application/json"}
    for line in (r"hello \"q\" \u00e9", "é", '{"a": 1}'):
        reply = api.post(f"/tasks/{task_id}/log", content=line.encode(), headers=headers)
        assert (reply.status_code, reply.content) == (200, b"")

    lines = api.get(f"/tasks/{task_id}/log").json()
    assert [each["log"] for each in lines] == [r"hello \"q\" \u00e9", "é", '{"a": 1}']
    assert all(each["taskId"] == task_id for each in lines)


def test_unknown_task_is_not_found(api: httpx.Client) -> None:
    reply = api.get("/tasks/nope")

    assert reply.status_code == 404
    assert reply.json()["message"] == "Task not found for taskId: nope"


def test_queues_tell_their_sizes(api: httpx.Client, flow: str, start: Call, step: str) -> None:
    start(flow)
    start(flow)

    assert api.get(f"/tasks/queue/sizes?taskType={step}&taskType=absent").json() == {
        step: 2,
        "absent": 0,
    }
    assert api.get(f"/tasks/queue/size?taskType={step}").json() == 2
    assert api.get(f"/tasks/queue/size?taskType={step}&domain=blue").json() == 0
    assert api.get("/tasks/queue/all").json()[step] == 2
    shards = api.get("/tasks/queue/all/verbose").json()[step]
    assert sum(shard["size"] for shard in shards.values()) == 2
    assert api.get("/tasks/queue/sizes").status_code == 400
    assert api.get("/tasks/queue/size").status_code == 400


def test_polls_are_remembered(api: httpx.Client, step: str) -> None:
    poll(api, step, timeout=0, workerid="me")

    found = api.get(f"/tasks/queue/polldata?taskType={step}").json()
    every = api.get("/tasks/queue/polldata/all").json()

    assert [(each["queueName"], each["workerId"]) for each in found] == [(step, "me")]
    assert found[0]["lastPollTime"] > 0
    assert step in {each["queueName"] for each in every}
    assert api.get("/tasks/queue/polldata").status_code == 400


def test_requeue_answers_with_a_number(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)

    reply = api.post(f"/tasks/queue/requeue/{step}", json={})

    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text.isdigit()


def test_logs_of_a_result_may_be_texts(
    api: httpx.Client, register: Call, start: Call, a_name: Call
) -> None:
    kind = a_name("task")
    workflow_id = start(register({"name": kind, "taskReferenceName": kind, "type": "SIMPLE"}))
    (task,) = eventually(lambda: api.get(f"/tasks/poll/batch/{kind}?timeout=2000").json(), bool)

    result = {
        "workflowInstanceId": workflow_id,
        "taskId": task["taskId"],
        "status": "FAILED_WITH_TERMINAL_ERROR",
        "logs": ["as the Ruby SDK sends it", {"log": "as others do", "createdTime": 7}],
    }
    assert api.post("/tasks", json=result).status_code == 200

    lines = [each["log"] for each in api.get(f"/tasks/{task['taskId']}/log").json()]
    assert lines == ["as the Ruby SDK sends it", "as others do"]
    assert api.get(f"/workflow/{workflow_id}").json()["status"] == "FAILED"
