"""Searching for executions, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.eventually import eventually

Maker = Callable[[str], str]
Call = Callable[..., Any]


@pytest.fixture
def flow(register: Call, a_name: Maker) -> str:
    name: str = register({"name": a_name("step"), "taskReferenceName": "step", "type": "SIMPLE"})
    return name


def hits(api: httpx.Client, query: str, **parameters: Any) -> list[str]:
    reply = api.get("/workflow/search", params={"query": query, **parameters})
    assert reply.status_code == 200, reply.text
    return [each["workflowId"] for each in reply.json()["results"]]


def test_workflows_are_found_by_their_fields(api: httpx.Client, flow: str, start: Call) -> None:
    first = start(flow, correlationId="one")
    second = start(flow, correlationId="two")
    api.delete(f"/workflow/{second}")
    mine = f"workflowType = '{flow}'"

    assert set(hits(api, mine)) == {first, second}
    assert hits(api, f"{mine} AND status IN (TERMINATED)") == [second]
    assert hits(api, f"{mine} AND status != TERMINATED") == [first]
    assert hits(api, f"{mine} AND correlationId = two") == [second]
    assert hits(api, f"workflowId IN ({first},absent)") == [first]
    assert hits(api, f"{mine} AND startTime > 99999999999999") == []
    assert set(hits(api, f"workflowType={flow[:-3]}*")) == {first, second}


def test_search_is_paged_and_sorted(api: httpx.Client, flow: str, start: Call) -> None:
    ids = sorted(start(flow) for _ in range(3))
    query = {"query": f"workflowType={flow}", "sort": "workflowId:ASC"}

    page = api.get("/workflow/search", params={**query, "start": 1, "size": 1}).json()

    assert page["totalHits"] == 3
    assert [each["workflowId"] for each in page["results"]] == [ids[1]]
    assert hits(api, f"workflowType={flow}", sort="workflowId:DESC") == ids[::-1]


def test_summary_has_times_as_text(api: httpx.Client, flow: str, start: Call) -> None:
    start(flow, input={"a": 1})

    found = api.get("/workflow/search", params={"query": f"workflowType={flow}"}).json()

    summary = found["results"][0]
    assert summary["workflowType"] == flow
    assert summary["startTime"].endswith("Z")
    assert "endTime" not in summary
    assert isinstance(summary["input"], str)
    assert summary["inputSize"] == len(summary["input"])


def test_second_form_answers_with_workflows(api: httpx.Client, flow: str, start: Call) -> None:
    workflow_id = start(flow, input={"a": None})

    found = api.get("/workflow/search-v2", params={"query": f"workflowType={flow}"}).json()

    assert found["totalHits"] == 1
    assert found["results"][0]["workflowId"] == workflow_id
    assert found["results"][0]["input"] == {"a": None}
    assert found["results"][0]["tasks"] == []


def test_free_text_narrows(api: httpx.Client, flow: str, start: Call, a_name: Maker) -> None:
    word = a_name("needle")
    workflow_id = start(flow, input={"text": word})
    start(flow)

    assert hits(api, f"workflowType={flow}", freeText=word) == [workflow_id]
    assert len(hits(api, f"workflowType={flow}", freeText="*")) == 2


def test_sub_workflows_can_be_left_out(
    api: httpx.Client, flow: str, register: Call, start: Call
) -> None:
    parent = register(
        {
            "name": "sub",
            "taskReferenceName": "sub",
            "type": "SUB_WORKFLOW",
            "subWorkflowParam": {"name": flow, "version": 1},
        }
    )
    parent_id = start(parent)
    query = f"workflowType IN ({flow},{parent})"

    eventually(lambda: len(hits(api, query)), lambda found: found == 2)
    assert hits(api, query, topLevelOnly="true") == [parent_id]
    assert len(hits(api, f"parentWorkflowId = {parent_id}")) == 1


def test_conditions_are_joined_by_or_and_not(api: httpx.Client, flow: str, start: Call) -> None:
    one, two = start(flow, correlationId="one", priority=7), start(flow, correlationId="two")
    start(flow)
    mine = f"workflowType = {flow}"

    either = hits(api, f"{mine} AND (priority > 5 OR correlationId = two)", sort="priority:DESC")
    assert either == [one, two]
    named = hits(api, f"{mine} AND correlationId IS NOT NULL AND NOT priority BETWEEN 5 AND 9")
    assert named == [two]


def test_hits_are_sorted_by_several_fields(api: httpx.Client, flow: str, start: Call) -> None:
    ids = [
        start(flow, correlationId=name, priority=n) for name, n in (("a", 1), ("b", 2), ("a", 3))
    ]

    found = hits(api, f"workflowType = {flow}", sort="correlationId:DESC|priority:ASC")

    assert found == [ids[1], ids[0], ids[2]]


def test_kinds_of_workflows_are_told_apart(
    api: httpx.Client, register: Call, start: Call, flow: str
) -> None:
    task = {"name": "step", "taskReferenceName": "step", "type": "SIMPLE"}
    agent = register(task, metadata={"agentDef": {}})
    ids = [start(agent), start(flow)]
    query = f"workflowType IN ({agent}, {flow})"

    assert hits(api, query, classifier="agent") == ids[:1]
    assert set(hits(api, query, classifier="agent, workflow")) == set(ids)


# -- tasks ------------------------------------------------------------------------------------


def task_hits(api: httpx.Client, query: str, **parameters: Any) -> list[dict[str, Any]]:
    reply = api.get("/tasks/search", params={"query": query, **parameters})
    assert reply.status_code == 200, reply.text
    assert reply.json()["totalHits"] == len(reply.json()["results"])
    found: list[dict[str, Any]] = reply.json()["results"]
    return found


def test_tasks_are_found_with_their_earlier_attempts(
    api: httpx.Client, register: Call, start: Call, work: Call, a_name: Maker
) -> None:
    name = a_name("charge")
    api.post("/metadata/taskdefs", json=[{"name": name, "retryDelaySeconds": 0}])
    flow = register({"name": name, "taskReferenceName": "charge"})
    workflow_id = start(flow, correlationId="c-1")
    first = work(name, "FAILED")
    second = work(name, receipt="R-1")

    mine = f"workflowType = {flow}"
    assert [task["taskId"] for task in task_hits(api, mine, sort="scheduledTime:ASC")] == [
        first["taskId"],
        second["taskId"],
    ]
    (done,) = task_hits(api, f"{mine} AND status = COMPLETED AND taskType = {name}")
    assert (done["workflowId"], done["correlationId"]) == (workflow_id, "c-1")
    assert done["output"] == "{receipt=R-1}"
    assert done["endTime"].endswith("Z")
    assert task_hits(api, f"workflowId = {workflow_id}", freeText="R-1") == [done]


def test_second_form_answers_with_tasks(api: httpx.Client, flow: str, start: Call) -> None:
    workflow_id = start(flow, input={"a": None})

    found = api.get("/tasks/search-v2", params={"query": f"workflowId={workflow_id}"}).json()

    assert found["totalHits"] == 1
    assert found["results"][0] == {
        **api.get(f"/tasks/{found['results'][0]['taskId']}").json(),
        "queueWaitTime": found["results"][0]["queueWaitTime"],
    }


def test_workflows_are_found_by_their_tasks(api: httpx.Client, flow: str, start: Call) -> None:
    ids = {start(flow), start(flow)}
    query = {"query": f"workflowType = {flow} AND status = SCHEDULED"}

    for path in ("/workflow/search-by-tasks", "/workflow/search-by-tasks-v2"):
        found = api.get(path, params=query).json()
        assert found["totalHits"] == 2
        assert {each["workflowId"] for each in found["results"]} == ids
    assert len(api.get(path, params={**query, "size": 1}).json()["results"]) == 1


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"query": "colour = red"}, "colour"),
        ({"query": "status = ASLEEP"}, "ASLEEP"),
        ({"query": "priority = 1"}, "priority"),
        ({"sort": "output:ASC"}, "output"),
        ({"size": "many"}, "size"),
    ],
)
def test_malformed_task_search_is_refused(
    api: httpx.Client, parameters: dict[str, Any], named: str
) -> None:
    for path in ("/tasks/search", "/tasks/search-v2", "/workflow/search-by-tasks"):
        reply = api.get(path, params=parameters)

        assert reply.status_code == 400
        assert named in reply.json()["message"]


def test_what_the_python_sdk_sends_is_understood(api: httpx.Client) -> None:
    reply = api.get("/workflow/search?queryId=&start=0&size=1&freeText=*&query=&skipCache=False")

    assert reply.status_code == 200
    assert len(reply.json()["results"]) <= 1


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"query": "colour = red"}, "colour"),
        ({"query": "workflowType"}, "workflowType"),
        ({"query": "status = ASLEEP"}, "ASLEEP"),
        ({"sort": "colour:ASC"}, "colour"),
        ({"size": 5001}, "size"),
        ({"size": -1}, "size"),
        ({"start": "x"}, "start"),
        ({"topLevelOnly": "maybe"}, "topLevelOnly"),
    ],
)
def test_malformed_search_is_refused(
    api: httpx.Client, parameters: dict[str, Any], named: str
) -> None:
    for path in ("/workflow/search", "/workflow/search-v2"):
        reply = api.get(path, params=parameters)

        assert reply.status_code == 400
        assert named in reply.json()["message"]


@pytest.mark.parametrize("name", ["createTime", "modifiedTime"])
def test_fields_may_have_the_names_that_orkes_gives_them(
    api: httpx.Client, register: Call, start: Call, name: str
) -> None:
    flow = register({"name": "noop", "taskReferenceName": "noop", "type": "NOOP"})
    ids = [start(flow), start(flow)]
    query = {"query": f"workflowType = {flow} AND {name} > 1", "sort": f"{name}:DESC"}

    found = api.get("/workflow/search", params=query).json()

    assert {each["workflowId"] for each in found["results"]} == {*ids}
