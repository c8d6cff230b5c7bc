"""Numbers and texts that nothing could keep or send: refused by name, with nothing changed."""

from collections.abc import Callable

import httpx
import pytest

A_STEP = {"name": "charge", "taskReferenceName": "charge"}


@pytest.mark.parametrize(
    ("method", "path", "parameter"),
    [
        ("POST", "/workflow/order?version=138379203933", "version"),
        ("GET", "/workflow/execute/order?version=-2147483649", "version"),
        ("GET", "/workflow/running/order?startTime=1&endTime=9223372036854775807", "endTime"),
        ("GET", "/workflow/search?start=2147483648", "start"),
        ("GET", "/workflow/unknown/tasks?count=9223372036854775807", "count"),
        ("GET", "/tasks/poll/batch/charge?count=2147483648", "count"),
        ("GET", "/scheduler/nextFewSchedules?cronExpression=@daily&limit=9999999999", "limit"),
        ("POST", "/workflow/execute/order?requestId=a%0d%0aSet-Cookie:b", "requestId"),
        ("POST", "/workflow/execute/order?requestId=%E2%82%AC", "requestId"),
    ],
)
def test_parameter_out_of_range_is_refused_by_name(
    api: httpx.Client, method: str, path: str, parameter: str
) -> None:
    reply = api.request(method, path, content=b"{}" if method == "POST" else None)

    assert reply.status_code == 400
    assert reply.json()["message"].startswith(f"{parameter}: expected ")


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e400", "1" * 320 + ".5"])
@pytest.mark.parametrize("padding", ["", "p" * 400_000])
def test_number_that_json_cannot_tell_is_refused(
    api: httpx.Client, register: Callable[..., str], number: str, padding: str
) -> None:
    name = register(A_STEP)

    body = f'{{"padding": "{padding}", "amount": {number}}}'
    reply = api.post(f"/workflow/{name}", content=body)

    assert reply.status_code == 400, reply.text
    assert api.get("/workflow/search", params={"query": f"workflowType = {name}"}).json() == {
        "totalHits": 0,
        "results": [],
    }


def test_text_that_looks_like_no_number_is_kept(
    api: httpx.Client, register: Callable[..., str]
) -> None:
    name = register(A_STEP)

    workflow_id = api.post(f"/workflow/{name}", json={"amount": "NaN"}).text

    assert api.get(f"/workflow/{workflow_id}").json()["input"] == {"amount": "NaN"}


def test_callback_beyond_all_time_is_refused(
    api: httpx.Client, register: Callable[..., str], start: Callable[..., str]
) -> None:
    step = {**A_STEP, "name": "charge_later_than_ever"}
    workflow_id = start(register(step))
    task = api.get("/tasks/poll/charge_later_than_ever").json()
    report = {
        "workflowInstanceId": workflow_id,
        "taskId": task["taskId"],
        "status": "IN_PROGRESS",
        "callbackAfterSeconds": 2**63 - 1,
    }

    reply = api.post("/tasks", json=report)

    assert reply.status_code == 400
    assert reply.json()["validationErrors"][0]["path"] == "callbackAfterSeconds"
    assert api.get(f"/tasks/{task['taskId']}").json()["status"] == "IN_PROGRESS"


def test_wait_beyond_all_time_is_refused(api: httpx.Client, a_name: Callable[[str], str]) -> None:
    wait = {
        "name": "wait",
        "taskReferenceName": "wait",
        "type": "WAIT",
        "inputParameters": {"duration": "2500001 days"},
    }

    reply = api.post("/metadata/workflow", json={"name": a_name("flow"), "tasks": [wait]})

    assert reply.status_code == 400


@pytest.mark.parametrize("path", ["/workflow/search", "/tasks/search"])
def test_search_with_too_many_conditions_is_refused(api: httpx.Client, path: str) -> None:
    few, many = (" AND ".join(["workflowType = 'a'"] * count) for count in (200, 201))

    assert api.get(path, params={"query": few}).status_code == 200
    reply = api.get(path, params={"query": many})

    assert reply.status_code == 400
    assert "more than 200 conditions" in reply.json()["message"]
