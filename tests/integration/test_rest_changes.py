"""Changing executions while they run, test runs, and the other ways to start, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dalsegno_functions.api import OPERATIONS

Maker = Callable[[str], str]
Call = Callable[..., Any]


def a_task(name: str, ref: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": ref or name, "type": "SIMPLE", **fields}


def wait(ref: str) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": "WAIT"}


@pytest.fixture
def step(a_name: Maker) -> str:
    return a_name("step")


def statuses(api: httpx.Client, workflow_id: str) -> dict[str, str]:
    tasks = api.get(f"/workflow/{workflow_id}").json()["tasks"]
    return {task["referenceTaskName"]: task["status"] for task in tasks}


def test_examples_are_what_the_routes_take() -> None:
    for route in OPERATIONS:
        if route.body is not None and route.body.example is not None:
            route.body.adapter.validate_python(route.body.example)


# -- variables and state ----------------------------------------------------------------------


def test_variables_are_merged_and_the_workflow_answered(
    api: httpx.Client, register: Call, start: Call, step: str
) -> None:
    workflow_id = start(register(a_task(step), variables={"a": 1}))

    reply = api.post(f"/workflow/{workflow_id}/variables", json={"b": None})

    assert reply.status_code == 200
    assert reply.json()["variables"] == {"a": 1, "b": None}


def test_variables_need_an_object_and_a_workflow_that_runs(
    api: httpx.Client, register: Call, start: Call, step: str
) -> None:
    workflow_id = start(register(a_task(step)))

    assert api.post(f"/workflow/{workflow_id}/variables", json=[1]).status_code == 400
    api.delete(f"/workflow/{workflow_id}")
    assert api.post(f"/workflow/{workflow_id}/variables", json={"b": 1}).status_code == 409
    assert api.post("/workflow/absent/variables", json={"b": 1}).status_code == 404


def test_state_changes_variables_and_a_task_then_waits(
    api: httpx.Client, register: Call, start: Call
) -> None:
    flow = register(
        wait("approval"),
        wait("later"),
        outputParameters={"by": "${approval.output.by}", "v": "${workflow.variables.v}"},
    )
    workflow_id = start(flow)

    run = api.post(
        f"/workflow/{workflow_id}/state",
        params={"requestId": "r-1", "waitForSeconds": 5},
        json={
            "variables": {"v": 7},
            "taskReferenceName": "approval",
            "taskResult": {"status": "COMPLETED", "outputData": {"by": "ada"}},
        },
    ).json()

    assert (run["requestId"], run["status"], run["variables"]) == ("r-1", "RUNNING", {"v": 7})
    assert statuses(api, workflow_id) == {"approval": "COMPLETED", "later": "IN_PROGRESS"}
    api.post(f"/tasks/{workflow_id}/later/COMPLETED", json={})
    assert api.get(f"/workflow/{workflow_id}").json()["output"] == {"by": "ada", "v": 7}


@pytest.mark.parametrize(
    ("state", "status", "named"),
    [
        ({"taskReferenceName": "approval"}, 400, "taskResult"),
        ({"taskResult": {"status": "COMPLETED"}}, 400, "taskReferenceName"),
        ({"taskReferenceName": "x", "taskResult": {"status": "COMPLETED"}}, 404, "task x"),
        ({"taskReferenceName": "approval", "taskResult": {"status": "DONE"}}, 400, "status"),
    ],
)
def test_malformed_state_changes_nothing(
    api: httpx.Client,
    register: Call,
    start: Call,
    state: dict[str, Any],
    status: int,
    named: str,
) -> None:
    workflow_id = start(register(wait("approval")))

    reply = api.post(f"/workflow/{workflow_id}/state", json={"variables": {"v": 7}, **state})

    assert reply.status_code == status
    assert named in reply.text
    assert api.get(f"/workflow/{workflow_id}").json()["variables"] == {}


# -- upgrade and jump -------------------------------------------------------------------------


def test_upgrade(api: httpx.Client, register: Call, start: Call, work: Call, a_name: Maker) -> None:
    one, two = a_name("one"), a_name("two")
    flow = register(a_task(one))
    workflow_id = start(flow)
    api.post(
        "/metadata/workflow",
        json={"name": flow, "version": 2, "tasks": [a_task(one), a_task(two)]},
    )

    reply = api.post(f"/workflow/{workflow_id}/upgrade", json={"name": flow, "version": 2})

    assert (reply.status_code, reply.text) == (200, "")
    work(one)
    work(two)
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert (workflow["status"], workflow["workflowVersion"]) == ("COMPLETED", 2)
    again = api.post(f"/workflow/{workflow_id}/upgrade", json={"name": flow, "version": 2})
    assert again.status_code == 409


def test_upgrade_that_makes_no_sense_is_refused(
    api: httpx.Client, register: Call, start: Call, step: str, a_name: Maker
) -> None:
    workflow_id = start(register(a_task(step)))
    other = register(a_task(step))
    path = f"/workflow/{workflow_id}/upgrade"

    assert api.post(path, json={"name": a_name("no"), "version": 2}).status_code == 404
    assert "name" in api.post(path, json={"name": other}).json()["message"]
    assert api.post(path, json={"version": 2}).status_code == 400


def test_jump(api: httpx.Client, register: Call, start: Call, work: Call, a_name: Maker) -> None:
    names = [a_name("a"), a_name("b"), a_name("c")]
    workflow_id = start(register(*map(a_task, names)))

    reply = api.post(f"/workflow/{workflow_id}/jump/{names[2]}", json={"x": 1})

    assert (reply.status_code, reply.text) == (200, "")
    assert work(names[2])["inputData"] == {"x": 1}
    assert list(statuses(api, workflow_id).values()).count("SKIPPED") == 2
    assert api.get(f"/workflow/{workflow_id}/status").json()["status"] == "COMPLETED"


def test_jump_to_nowhere_is_refused(
    api: httpx.Client, register: Call, start: Call, step: str
) -> None:
    workflow_id = start(register(a_task(step)))

    reply = api.post(f"/workflow/{workflow_id}/jump/nobody")

    assert reply.status_code == 400
    assert "nobody" in reply.json()["message"]


# -- test runs --------------------------------------------------------------------------------


def test_run_with_mocks_ends_without_workers(
    api: httpx.Client, register: Call, a_name: Maker
) -> None:
    charge, child = a_name("charge"), register(a_task(a_name("pack"), "pack"))
    api.post("/metadata/taskdefs", json=[{"name": charge, "retryDelaySeconds": 3600}])
    flow = register(
        a_task(charge, "charge"),
        {
            "name": "call",
            "taskReferenceName": "call",
            "type": "HTTP",
            "inputParameters": {"uri": "http://127.0.0.1:9/nobody"},
        },
        {
            "name": "sub",
            "taskReferenceName": "sub",
            "type": "SUB_WORKFLOW",
            "subWorkflowParam": {"name": child},
        },
        {
            "name": "loop",
            "taskReferenceName": "loop",
            "type": "DO_WHILE",
            "loopCondition": "$.loop['iteration'] < 2",
            "loopOver": [a_task(a_name("turn"), "turn")],
        },
        wait("approval"),
        outputParameters={"receipt": "${charge.output.receipt}", "by": "${approval.output.by}"},
    )

    workflow = api.post(
        "/workflow/test",
        json={
            "name": flow,
            "taskRefToMockOutput": {
                "charge": [
                    {"status": "FAILED"},
                    {"output": {"receipt": "R"}, "executionTime": 3000, "queueWaitTime": 2000},
                ],
                "call": [{"output": {"response": {}}}],
                "turn": [{}, {}],
                "approval": [{"output": {"by": "ada"}}],
            },
            "subWorkflowTestRequest": {
                "sub": {"name": child, "taskRefToMockOutput": {"pack": [{"output": {"x": 1}}]}}
            },
        },
    ).json()

    assert (workflow["status"], workflow["output"]) == ("COMPLETED", {"receipt": "R", "by": "ada"})
    tried = [t for t in workflow["tasks"] if t["referenceTaskName"] == "charge"]
    assert [t["status"] for t in tried] == ["FAILED", "COMPLETED"]
    assert tried[1]["endTime"] - tried[1]["startTime"] >= 3000
    assert tried[1]["queueWaitTime"] == 2000
    assert api.get(f"/tasks/queue/size?taskType={charge}").json() == 0


def test_run_stops_where_its_mocks_do(api: httpx.Client, register: Call, step: str) -> None:
    flow = register(a_task(step, "one"), a_task(step, "two"))

    workflow = api.post(
        "/workflow/test", json={"name": flow, "taskRefToMockOutput": {"one": [{}]}}
    ).json()

    assert workflow["status"] == "RUNNING"
    assert statuses(api, workflow["workflowId"]) == {"one": "COMPLETED", "two": "SCHEDULED"}


def test_malformed_test_run_is_refused(api: httpx.Client, a_name: Maker) -> None:
    assert api.post("/workflow/test", json={"name": a_name("absent")}).status_code == 404
    assert api.post("/workflow/test", json={}).status_code == 400
    mocks = {"taskRefToMockOutput": {"a": [{"status": "DONE"}]}}
    reply = api.post("/workflow/test", json={"name": "x", **mocks})
    assert reply.status_code == 400
    assert "taskRefToMockOutput" in reply.text


# -- other ways to start ----------------------------------------------------------------------


@pytest.fixture
def sums(register: Call) -> str:
    """Return the name of a workflow that ends at once, its input being its output."""
    name: str = register(
        {"name": "noop", "taskReferenceName": "noop", "type": "NOOP"},
        outputParameters={"x": "${workflow.input.x}"},
    )
    return name


def test_start_by_name_and_version_in_the_path(api: httpx.Client, sums: str) -> None:
    reply = api.post(f"/workflow/start/{sums}/1?correlationId=c", json={"x": 1})

    workflow = api.get(f"/workflow/{reply.text}").json()
    assert (workflow["output"], workflow["correlationId"]) == ({"x": 1}, "c")
    assert api.post(f"/workflow/start/{sums}/9", json={}).status_code == 404


def test_execute_as_api_answers_with_the_output(api: httpx.Client, sums: str) -> None:
    posted = api.post(f"/workflow/execute/{sums}", json={"x": {"deep": 1}})
    got = api.get(f"/workflow/execute/{sums}", params={"x": ["1", "2"], "waitForSeconds": 5})

    assert posted.json() == {"x": {"deep": 1}}
    assert posted.headers["x-workflow-status"] == "COMPLETED"
    assert got.json() == {"x": ["1", "2"]}
    workflow = api.get(f"/workflow/{got.headers['x-workflow-id']}").json()
    assert workflow["input"] == {"x": ["1", "2"]}


def test_correlated_workflows_of_several_names(
    api: httpx.Client, register: Call, start: Call, step: str, a_name: Maker
) -> None:
    one, two, three = (register(a_task(step)) for _ in range(3))
    first, second = a_name("c"), a_name("c")
    found = [start(one, correlationId=first), start(two, correlationId=first)]
    start(three, correlationId=first)
    ended = start(one, correlationId=second)
    api.delete(f"/workflow/{ended}")
    body = {"correlationIds": [first, second], "workflowNames": [one, two]}

    running = api.post("/workflow/correlated/batch", json=body).json()
    every = api.post("/workflow/correlated/batch?includeClosed=true", json=body).json()

    assert {w["workflowId"] for w in running[first]} == set(found)
    assert running[second] == []
    assert [w["workflowId"] for w in every[second]] == [ended]


@pytest.mark.parametrize("method", ["DELETE", "POST"])
def test_bulk_delete(
    api: httpx.Client, register: Call, start: Call, sums: str, method: str
) -> None:
    workflow_id = start(sums)
    api_path = "/workflow/bulk/delete?archiveWorkflow=false"

    reply = api.request(method, api_path, json=[workflow_id, "absent"])

    assert reply.json()["bulkSuccessfulResults"] == [workflow_id]
    assert list(reply.json()["bulkErrorResults"]) == ["absent"]
    assert api.get(f"/workflow/{workflow_id}").status_code == 404


def test_correlation_ids_are_as_many_as_in_a_bulk_operation(api: httpx.Client) -> None:
    many = [str(number) for number in range(1001)]
    asked = [
        ("/workflow/flow/correlated", many),
        ("/workflow/correlated/batch", {"correlationIds": many, "workflowNames": []}),
        ("/workflow/correlated/batch", {"correlationIds": ["c"], "workflowNames": many}),
    ]

    for path, body in asked:
        reply = api.post(path, json=body)
        assert reply.status_code == 400, reply.text
        assert "at most 1000" in reply.json()["message"]
    assert api.post("/workflow/flow/correlated", json=many[:1000]).status_code == 200
