"""Administration, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dalsegno import __version__

Maker = Callable[[str], str]
Call = Callable[..., Any]


@pytest.fixture
def step(a_name: Maker) -> str:
    return a_name("step")


@pytest.fixture
def flow(register: Call, step: str) -> str:
    name: str = register({"name": step, "taskReferenceName": "step"})
    return name


def test_config_tells_version_and_limits(api: httpx.Client) -> None:
    config = api.get("/admin/config").json()

    assert config["version"] == __version__
    assert config["maxVariablesBytes"] == 256 * 1024


def test_open_tasks_of_a_type_are_listed(
    api: httpx.Client, flow: str, start: Call, work: Call, step: str
) -> None:
    ids = [start(flow) for _ in range(3)]
    done = work(step)

    found = api.get(f"/admin/task/{step}").json()
    page = api.get(f"/admin/task/{step}?start=1&count=1").json()

    assert [task["workflowInstanceId"] for task in found] == [
        each for each in ids if each != done["workflowInstanceId"]
    ]
    assert page == [{**found[1], "queueWaitTime": page[0]["queueWaitTime"]}]
    assert api.get("/admin/task/nobody").json() == []
    assert api.get(f"/admin/task/{step}?count=x").status_code == 400


def test_workflow_is_looked_at_again(api: httpx.Client, flow: str, start: Call) -> None:
    workflow_id = start(flow)

    assert api.post(f"/admin/sweep/requeue/{workflow_id}").text == f"true.{workflow_id}"
    assert api.post(f"/admin/consistency/verifyAndRepair/{workflow_id}").text == "false"
    api.delete(f"/workflow/{workflow_id}")
    assert api.post(f"/admin/sweep/requeue/{workflow_id}").text == f"false.{workflow_id}"


@pytest.mark.parametrize("path", ["sweep/requeue", "consistency/verifyAndRepair"])
def test_absent_workflow_is_told(api: httpx.Client, path: str) -> None:
    assert api.post(f"/admin/{path}/absent").status_code == 404


def test_requeued_task_is_handed_out_once(
    api: httpx.Client, flow: str, start: Call, step: str
) -> None:
    start(flow)

    assert api.post(f"/tasks/queue/requeue/{step}").text == "1"

    query = {"count": 5, "timeout": 200}
    assert len(api.get(f"/tasks/poll/batch/{step}", params=query).json()) == 1
    assert api.get(f"/tasks/poll/batch/{step}", params=query).json() == []
    assert api.post(f"/tasks/queue/requeue/{step}").text == "0"


def test_size_of_a_queue_set_apart(
    api: httpx.Client, register: Call, start: Call, step: str
) -> None:
    definition = {"name": step, "isolationGroupId": "gpu", "executionNameSpace": "eu"}
    api.post("/metadata/taskdefs", json=[definition])
    start(register({"name": step, "taskReferenceName": "step"}))
    query = {"taskType": step, "isolationGroupId": "gpu", "executionNamespace": "eu"}

    assert api.get("/tasks/queue/size", params=query).json() == 1
    assert api.get("/tasks/queue/size", params={"taskType": step}).json() == 0
