"""Event handlers, and queues of events, over HTTP."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.eventually import eventually

Call = Callable[..., Any]


@pytest.fixture
def event(a_name: Callable[[str], str]) -> str:
    return f"sqs:{a_name('orders')}"


@pytest.fixture
def handler(api: httpx.Client, a_name: Callable[[str], str], event: str) -> Call:
    """Return a function that creates a handler of the event and returns its name."""

    def create(*actions: dict[str, Any], **fields: Any) -> str:
        name = a_name("handler")
        body = {"name": name, "event": event, "active": True, "actions": list(actions), **fields}
        reply = api.post("/event", json=body)
        assert (reply.status_code, reply.content) == (200, b"")
        return name

    return create


def starts(name: str, **inputs: Any) -> dict[str, Any]:
    return {"action": "start_workflow", "start_workflow": {"name": name, "input": inputs}}


def waits(name: str = "wait") -> dict[str, Any]:
    return {"name": name, "taskReferenceName": name, "type": "WAIT"}


def test_handler_is_created_read_replaced_and_deleted(
    api: httpx.Client, handler: Call, event: str
) -> None:
    name = handler(starts("flow"), condition="$.a == 1")

    shown = api.get(f"/event/handler/{name}").json()
    action = {
        "action": "start_workflow",
        "start_workflow": {"name": "flow", "input": {}},
        "expandInlineJSON": False,
    }
    expected = {"name": name, "event": event, "condition": "$.a == 1", "active": True}
    assert shown == {**expected, "actions": [action]}
    for path in ("/event", "/event/handler", "/event/handler/", f"/event/{quote(event)}"):
        assert shown in api.get(path).json()

    assert api.post("/event", json=shown).status_code == 409
    assert api.put("/event", json={**shown, "active": False}).status_code == 200
    assert api.get(f"/event/{event}").json() == []
    assert len(api.get(f"/event/{event}", params={"activeOnly": "false"}).json()) == 1

    assert api.delete(f"/event/{name}").status_code == 200
    for reply in (
        api.delete(f"/event/{name}"),
        api.put("/event", json=shown),
        api.get(f"/event/handler/{name}"),
        api.get(f"/event/{name}/tags"),
    ):
        assert reply.status_code == 404
        assert reply.json()["message"] == f"EventHandler with name {name} not found!"


def test_list_of_handlers_is_created(api: httpx.Client, a_name: Call, event: str) -> None:
    names = [a_name("handler"), a_name("handler")]
    body = [{"name": name, "event": event, "actions": [starts("flow")]} for name in names]

    assert api.post("/event", json=body).status_code == 200

    found = api.get(f"/event/{event}", params={"activeOnly": "false"}).json()
    assert [each["name"] for each in found] == sorted(names)


def test_handler_without_a_name_is_refused_with_its_field(api: httpx.Client) -> None:
    reply = api.post("/event", json={"event": "sqs:a", "actions": []})

    assert reply.status_code == 400
    errors = {each["path"]: each["message"] for each in reply.json()["validationErrors"]}
    assert errors == {
        "name": "Missing event handler name",
        "actions": "No actions specified. Please specify at-least one action",
    }
    assert api.post("/event", json=[]).status_code == 400


def test_tags_of_a_handler(api: httpx.Client, handler: Call) -> None:
    name = handler(starts("flow"))
    tags = [{"key": "team", "value": "a", "type": "METADATA"}]

    assert api.put(f"/event/{name}/tags", json=tags).status_code == 200
    assert api.get(f"/event/{name}/tags").json() == tags
    assert api.request("DELETE", f"/event/{name}/tags", json=tags).status_code == 200
    assert api.get(f"/event/{name}/tags").json() == []


def test_incoming_event_starts_a_workflow_once_per_id(
    api: httpx.Client, handler: Call, register: Call, event: str
) -> None:
    name = handler(starts(register(waits()), id="${id}"))
    body = {"event": event, "id": "m-1", "payload": {"id": 7}}

    for _ in range(2):
        reply = api.post("/event/handleIncomingEvent", json=body)
        assert (reply.status_code, reply.text) == (200, "m-1")

    def executions() -> list[dict[str, Any]]:
        return api.get(f"/event/execution/{name}").json()  # type: ignore[no-any-return]

    (execution,) = eventually(executions, lambda found: bool(found))
    eventually(executions, lambda found: found[0]["status"] == "COMPLETED")
    assert (execution["id"], execution["messageId"]) == (f"m-1_{name}_0", "m-1")
    workflow_id = executions()[0]["output"]["workflowId"]
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert (workflow["input"]["id"], workflow["event"]) == (7, event)
    handled = api.get("/event/execution").json()["results"]
    assert [each["numberOfMessages"] for each in handled if each["name"] == name] == [1]


def test_flat_incoming_event_is_its_own_payload(
    api: httpx.Client, handler: Call, register: Call, start: Call, event: str
) -> None:
    workflow_id = start(register(waits()))
    details = {"workflowId": "${flow}", "taskRefName": "wait", "output": {"n": "${n}"}}
    handler({"action": "complete_task", "complete_task": details})

    body = {"event": event, "flow": workflow_id, "n": 5}
    assert api.post("/event/handleIncomingEvent", json=body).status_code == 200

    workflow = eventually(
        lambda: api.get(f"/workflow/{workflow_id}").json(), lambda w: w["status"] == "COMPLETED"
    )
    assert workflow["output"]["n"] == 5


def test_event_that_nobody_handles_is_listed(api: httpx.Client, event: str) -> None:
    body = {"event": event, "id": event, "payload": {"n": 1}}
    api.post("/event/handleIncomingEvent", json=body)

    (message,) = eventually(lambda: api.get(f"/event/message/{event}").json(), bool)

    assert (message["id"], message["fullPayload"]) == (event, {"n": 1})
    assert event in [each["event"] for each in api.get("/event/message").json()["results"]]


@pytest.mark.parametrize("body", [{}, {"event": 7}, {"event": "sqs:a", "id": 7, "payload": {}}])
def test_incoming_event_without_its_name_is_refused(api: httpx.Client, body: Any) -> None:
    assert api.post("/event/handleIncomingEvent", json=body).status_code == 400


def test_event_task_reaches_a_handler(
    api: httpx.Client, a_name: Call, register: Call, start: Call
) -> None:
    target = register(waits())
    event_task = {"name": "e", "taskReferenceName": "e", "type": "EVENT", "sink": "conductor:out"}
    source, name = register(event_task), a_name("handler")
    body = {"name": name, "event": f"conductor:{source}:out", "active": True}
    api.post("/event", json={**body, "actions": [starts(target)]})

    start(source)

    found = eventually(
        lambda: api.get(f"/event/execution/{name}").json(),
        lambda found: bool(found) and found[0]["status"] == "COMPLETED",
    )
    workflow = api.get(f"/workflow/{found[0]['output']['workflowId']}").json()
    assert workflow["workflowName"] == target


def test_task_is_ended_as_if_by_a_message(api: httpx.Client, register: Call, start: Call) -> None:
    name = register(waits("a"), waits("b"))
    workflow_id = start(name)

    reply = api.post(f"/queue/update/{workflow_id}/a/COMPLETED", json={"n": 1})
    assert (reply.status_code, reply.content) == (200, b"")
    second = api.get(f"/workflow/{workflow_id}").json()["tasks"][1]["taskId"]
    path = f"/queue/update/{workflow_id}/task/{second}/FAILED"
    assert api.post(path, json={"m": 2}).status_code == 200

    first, last = api.get(f"/workflow/{workflow_id}").json()["tasks"]
    by_ref = f'{{"workflowId":"{workflow_id}","taskRefName":"a"}}'
    assert (first["status"], first["outputData"]) == ("COMPLETED", {"externalId": by_ref, "n": 1})
    assert (last["status"], last["outputData"]["m"]) == ("FAILED", 2)
    assert api.post(f"/queue/update/{workflow_id}/a/COMPLETED", json={}).status_code == 404
    refused = api.post(f"/queue/update/{workflow_id}/a/SKIPPED", json={})
    assert refused.status_code == 400
    assert refused.json()["message"] == "There is no queue for handling SKIPPED status"


def test_queues_of_events_are_told(api: httpx.Client, handler: Call, event: str) -> None:
    handler(starts("flow"))

    assert api.get("/admin/queues").json()[event] == "_events"
    assert api.get("/admin/queues", params={"verbose": "true"}).json()[event] == {"_events": 0}
    queues = api.get("/queue/").json()
    assert queues == {"COMPLETED": "conductor:COMPLETED", "FAILED": "conductor:FAILED"}
    assert set(api.get("/queue/size").json()) == set(queues.values())
