"""Requests that tasks wait for, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx

from tests.eventually import eventually

Call = Callable[..., Any]


def test_request_that_fits_completes_the_task(
    server_url: str, api: httpx.Client, register: Call, start: Call, a_name: Callable[[str], str]
) -> None:
    webhook = a_name("hook")
    task = {
        "name": "w",
        "taskReferenceName": "w",
        "type": "WAIT_FOR_WEBHOOK",
        "inputParameters": {
            "webhookId": webhook,
            "matches": {"$['id']": "${workflow.input.id}"},
        },
    }
    workflow_id = start(register(task), input={"id": 7})

    def post(body: Any) -> httpx.Response:
        return httpx.post(f"{server_url}/webhook/{webhook}", json=body)

    other = post({"id": 8})
    reply = eventually(lambda: post({"id": 7, "n": 1}), lambda r: r.json() == {"completed": 1})

    assert (other.status_code, other.json()) == (200, {"completed": 0})
    assert reply.status_code == 200
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert (workflow["status"], workflow["output"]) == ("COMPLETED", {"id": 7, "n": 1})


def test_body_that_is_no_json_is_refused(server_url: str) -> None:
    assert httpx.post(f"{server_url}/webhook/any", content=b"a=1").status_code == 400
