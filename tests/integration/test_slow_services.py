"""HTTP tasks whose services are slow, on a server as users run it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.eventually import eventually
from tests.local_server import running_server
from tests.raw_server import Conversation, answer, raw_server

SLOW_CALLS = 24  # far more than there are workers


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    """Return a client of a server whose workers no other test keeps busy."""
    with running_server(None) as url, httpx.Client(base_url=f"{url}/api", timeout=40) as client:
        yield client


def drips(conversation: Conversation) -> None:
    conversation.send(b"HTTP/1.1 200 OK\r\n")
    conversation.drip(b"X-More: y\r\n", 0.5)


def test_slow_service_takes_no_worker_from_others(api: httpx.Client) -> None:
    call = {"uri": "${workflow.input.uri}", "method": "GET"}
    task = {"name": "h", "taskReferenceName": "h", "type": "HTTP", "inputParameters": call}
    reply = api.post("/metadata/workflow", json={"name": "flow", "version": 1, "tasks": [task]})
    assert reply.status_code == 200, reply.text

    def start(uri: str) -> str:
        return api.post("/workflow", json={"name": "flow", "input": {"uri": uri}}).text

    def status(workflow_id: str) -> Callable[[], Any]:
        return lambda: api.get(f"/workflow/{workflow_id}").json()["status"]

    with (
        raw_server(drips) as slow,
        raw_server(lambda c: c.send(answer("200 OK", body=b"{}"))) as quick,
    ):
        slow_ones = [start(slow.url) for _ in range(SLOW_CALLS)]
        eventually(lambda: len(slow.seen), lambda seen: seen >= 8)

        for _ in range(3):
            uri = quick.url.replace("127.0.0.1", "localhost")
            eventually(status(start(uri)), lambda s: s == "COMPLETED", within_seconds=10)

        assert len(slow.seen) == 8
        assert {status(w)() for w in slow_ones} == {"RUNNING"}
        for workflow_id in slow_ones:
            api.delete(f"/workflow/{workflow_id}")
