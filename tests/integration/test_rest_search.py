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
