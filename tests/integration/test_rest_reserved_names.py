"""Every route that names a task type, a queue or a domain refuses those of the engine."""

from typing import Any

import httpx
import pytest

from dalsegno_functions.api import OPERATIONS

NAMES = ["_events", "_evaluator", "_system", "_x"]
# These read or delete what nobody can have put there.
HARMLESS = {
    ("GET", "/api/admin/task/{tasktype}"),
    ("GET", "/api/metadata/taskdefs/{tasktype}"),
    ("DELETE", "/api/metadata/taskdefs/{tasktype}"),
}
REFUSED_BY_PATH = {
    ("GET", "/api/tasks/poll/{tasktype}"),
    ("GET", "/api/tasks/poll/batch/{tasktype}"),
    ("POST", "/api/tasks/queue/requeue/{taskType}"),
}


def a_step(name: str) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": "a", "type": "SIMPLE"}


def a_start(name: str) -> dict[str, Any]:
    inline = {"name": "inline", "tasks": [a_step("fine")]}
    return {"name": "inline", "workflowDef": inline, "taskToDomain": {"*": name}}


def bodies(name: str) -> list[tuple[str, str, Any]]:
    definition = {"name": "reserved", "version": 1, "tasks": [a_step(name)]}
    start = a_start(name)
    action = {"action": "start_workflow", "start_workflow": {"name": "x", **start}}
    handler = {"name": "h", "event": "conductor:x", "actions": [action]}
    schedule = {"name": "s", "cronExpression": "@daily", "startWorkflowRequest": start}
    return [
        ("POST", "/metadata/taskdefs", [{"name": name}]),
        ("PUT", "/metadata/taskdefs", {"name": name}),
        ("POST", "/metadata/workflow", definition),
        ("POST", "/metadata/workflow/validate", definition),
        ("PUT", "/metadata/workflow", [definition]),
        ("POST", "/workflow", {"name": "reserved", "workflowDef": definition}),
        ("POST", "/workflow", start),
        ("POST", "/workflow/execute/inline/1", start),
        ("POST", "/workflow/test", {"name": "reserved", "workflowDef": definition}),
        ("POST", "/scheduler/schedules", schedule),
        ("POST", "/event", handler),
        ("PUT", "/event", handler),
    ]


@pytest.mark.parametrize("name", [*NAMES, "HTTP", "SUB_WORKFLOW"])
@pytest.mark.parametrize(("method", "path"), sorted(REFUSED_BY_PATH))
def test_path_cannot_name_a_queue_of_the_engine(
    api: httpx.Client, method: str, path: str, name: str
) -> None:
    if path.endswith("{taskType}") and not name.startswith("_"):
        return  # tasks of these types may be announced again to those who do them
    reply = api.request(method, path.removeprefix("/api").partition("{")[0] + name)

    assert reply.status_code == 400, reply.text
    assert name in reply.json()["message"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("number", range(len(bodies("x"))))
def test_body_cannot_name_a_queue_of_the_engine(api: httpx.Client, number: int, name: str) -> None:
    method, path, body = bodies(name)[number]

    reply = api.request(method, path, json=body)

    assert reply.status_code == 400, reply.text
    assert name in reply.text


@pytest.mark.parametrize("name", NAMES)
def test_poll_cannot_name_a_domain_of_the_engine(api: httpx.Client, name: str) -> None:
    for path in ("/tasks/poll/x", "/tasks/poll/batch/x"):
        assert api.get(path, params={"domain": name}).status_code == 400


def test_no_route_that_names_a_task_type_is_forgotten() -> None:
    named = {
        (route.method, route.path)
        for route in OPERATIONS
        if "{tasktype}" in route.path.lower() or "queuename" in route.path.lower()
    }

    assert named == HARMLESS | REFUSED_BY_PATH


def test_report_on_a_task_of_the_engine_brings_no_other(
    api: httpx.Client, register: Any, start: Any
) -> None:
    human = {"name": "human", "taskReferenceName": "human", "type": "HUMAN"}
    workflow_id = start(register(human))
    (task,) = api.get(f"/workflow/{workflow_id}").json()["tasks"]
    report = {"workflowInstanceId": workflow_id, "taskId": task["taskId"], "status": "COMPLETED"}

    reply = api.post("/tasks/update-v2", json=report)

    assert reply.status_code == 204
