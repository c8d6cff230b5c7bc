"""Messages to a running workflow, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.eventually import eventually

Call = Callable[..., Any]

PULL = {"name": "pull", "taskReferenceName": "pull", "type": "PULL_WORKFLOW_MESSAGES"}


def test_message_completes_the_task_that_waits(
    api: httpx.Client, register: Call, start: Call
) -> None:
    workflow_id = start(register(PULL))

    reply = api.post(f"/workflow/{workflow_id}/messages", json={"n": 1})

    assert (reply.status_code, reply.headers["content-type"][:10]) == (200, "text/plain")
    (message,) = eventually(lambda: _messages(api, workflow_id), bool)
    assert (message["id"], message["payload"]) == (reply.text, {"n": 1})


def test_message_that_nobody_can_get_is_refused(
    api: httpx.Client, register: Call, start: Call
) -> None:
    workflow_id = start(register(PULL))
    api.delete(f"/workflow/{workflow_id}")

    ended = api.post(f"/workflow/{workflow_id}/messages", json={})
    unknown = api.post("/workflow/nobody/messages", json={})
    malformed = api.post(f"/workflow/{workflow_id}/messages", json=[1])

    assert [r.status_code for r in (ended, unknown, malformed)] == [409, 404, 400]
    assert unknown.json()["message"] == "Workflow not found: nobody"


def _messages(api: httpx.Client, workflow_id: str) -> list[dict[str, Any]]:
    output: dict[str, Any] = api.get(f"/workflow/{workflow_id}").json()["tasks"][0]["outputData"]
    messages: list[dict[str, Any]] = output.get("messages", [])
    return messages
