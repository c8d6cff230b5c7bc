"""Payloads that clients store by themselves, over HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

SIMPLE = {"name": "pack", "taskReferenceName": "pack", "type": "SIMPLE"}
JSON = {"content-type": "application/json"}


def _location(api: httpx.Client, operation: str, payload_type: str, **query: str) -> dict[str, str]:
    asked = {"operation": operation, "payloadType": payload_type, **query}
    reply = api.get("/workflow/externalstoragelocation", params=asked)
    assert reply.status_code == 200, reply.text
    located: dict[str, str] = reply.json()
    return located


@pytest.mark.parametrize("resource", ["workflow", "tasks"])
@pytest.mark.parametrize("name", ["externalstoragelocation", "external-storage-location"])
def test_every_path_of_conductor_tells_a_location(
    api: httpx.Client, server_url: str, resource: str, name: str
) -> None:
    asked = {"path": "", "operation": "write", "payloadType": "task_output"}

    located = api.get(f"/{resource}/{name}", params=asked).json()

    assert located["path"].startswith("task/output/")
    assert located["path"].endswith(".json")
    assert located["uri"].startswith(server_url)


def test_a_workflow_runs_on_payloads_that_were_put_elsewhere(
    api: httpx.Client, a_name: Callable[[str], str]
) -> None:
    name, task_type = a_name("flow"), a_name("pack")
    task = {**SIMPLE, "name": task_type, "inputParameters": {"id": "${workflow.input.id}"}}
    definition = {
        "name": name,
        "version": 1,
        "tasks": [task],
        "outputParameters": {"done": "${pack.output.done}"},
    }
    assert api.post("/metadata/workflow", json=definition).status_code == 200
    put_input = _location(api, "WRITE", "WORKFLOW_INPUT")
    assert httpx.put(put_input["uri"], content=b'{"id": "o-7"}', headers=JSON).status_code == 200

    request = {"name": name, "externalInputPayloadStoragePath": put_input["path"]}
    workflow_id = api.post("/workflow", json=request).text
    taken = api.get(f"/tasks/poll/{task_type}").json()
    put_output = _location(api, "WRITE", "TASK_OUTPUT")
    httpx.put(put_output["uri"], content=b'{"done": true}', headers=JSON).raise_for_status()
    result = {
        "workflowInstanceId": workflow_id,
        "taskId": taken["taskId"],
        "status": "COMPLETED",
        "externalOutputPayloadStoragePath": put_output["path"],
    }
    assert api.post("/tasks", json=result).status_code == 200

    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert taken["inputData"] == {"id": "o-7"}
    assert (workflow["status"], workflow["output"]) == ("COMPLETED", {"done": True})
    assert (workflow["input"], workflow["tasks"][0]["outputData"]) == ({}, {})
    shown = workflow["tasks"][0]["externalOutputPayloadStoragePath"]
    assert (workflow["externalInputPayloadStoragePath"], shown) == (
        put_input["path"],
        put_output["path"],
    )
    fetched = _location(api, "READ", "TASK_OUTPUT", path=shown)
    assert httpx.get(fetched["uri"]).json() == {"done": True}


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"operation": "ERASE", "payloadType": "TASK_INPUT"}, "Operation: ERASE"),
        ({"operation": "READ", "payloadType": "MAIL"}, "PayloadType: MAIL"),
        ({"operation": "READ", "payloadType": "TASK_INPUT"}, "path"),
        ({"payloadType": "TASK_INPUT"}, "operation"),
        ({"operation": "WRITE", "payloadType": "TASK_INPUT", "path": "../../x"}, "path"),
        (
            {"operation": "WRITE", "payloadType": "TASK_INPUT", "path": "task/output/a.json"},
            "task/input/",
        ),
    ],
)
def test_bad_questions_are_refused(api: httpx.Client, asked: dict[str, Any], named: str) -> None:
    reply = api.get("/tasks/externalstoragelocation", params=asked)

    assert reply.status_code == 400
    assert named in reply.json()["message"]


def test_a_location_is_good_for_what_it_was_asked_for_alone(api: httpx.Client) -> None:
    located = _location(api, "WRITE", "TASK_OUTPUT")
    other = _location(api, "WRITE", "TASK_OUTPUT")["path"]
    uri = located["uri"]
    forged = (
        uri.replace("operation=WRITE", "operation=READ"),
        uri.replace("expires=1", "expires=2"),
        uri.replace(urlsplit(uri).query.split("&")[0], f"path={other}"),
    )

    assert httpx.get(uri).status_code == 403
    for address in forged:
        assert httpx.put(address, content=b"{}", headers=JSON).status_code == 403
        assert httpx.get(address).status_code in {403, 404}
    assert httpx.put(uri.partition("?")[0], content=b"{}").status_code == 400
