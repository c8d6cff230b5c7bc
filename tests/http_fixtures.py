"""A local server, as a user runs it, and a client that knows where it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually
from tests.local_server import running_server as _running_server
from tests.terminal import Cli


@pytest.fixture(scope="session")
def running_server() -> Callable[[Path | None], AbstractContextManager[str]]:
    """Return what serves an engine of its own: in a directory, or in memory if None."""
    return _running_server


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with _running_server(None) as url:
        yield url


@pytest.fixture(scope="session")
def _client(server_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{server_url}/api", timeout=40) as client:
        yield client


@pytest.fixture
def api(_client: httpx.Client) -> httpx.Client:
    """Return a client of the REST API."""
    return _client


@pytest.fixture
def a_name() -> Callable[[str], str]:
    """Return a maker of names that no other test uses: all tests share one server."""
    return lambda prefix: f"{prefix}_{uuid4().hex[:12]}"


@pytest.fixture
def register(api: httpx.Client, a_name: Callable[[str], str]) -> Callable[..., str]:
    """Return a function that registers a workflow of the given tasks and returns its name."""

    def register_workflow(*tasks: dict[str, Any], **fields: Any) -> str:
        name = a_name("flow")
        definition = {"name": name, "version": 1, "tasks": list(tasks), **fields}
        reply = api.post("/metadata/workflow", json=definition)
        assert reply.status_code == 200, reply.text
        return name

    return register_workflow


@pytest.fixture
def start(api: httpx.Client) -> Callable[..., str]:
    """Return a function that starts a workflow and returns its id."""

    def start_workflow(name: str, **fields: Any) -> str:
        reply = api.post("/workflow", json={"name": name, **fields})
        assert reply.status_code == 200, reply.text
        return reply.text

    return start_workflow


@pytest.fixture
def work(api: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Return a worker: it takes the next task of a type and reports on it."""

    def do_work(task_type: str, status: str = "COMPLETED", **output: Any) -> dict[str, Any]:
        query = {"workerid": "tester", "count": 1, "timeout": 5000}
        tasks = eventually(
            lambda: api.get(f"/tasks/poll/batch/{task_type}", params=query).json(), bool
        )
        task: dict[str, Any] = tasks[0]
        result = {
            "workflowInstanceId": task["workflowInstanceId"],
            "taskId": task["taskId"],
            "workerId": "tester",
            "status": status,
            "outputData": output,
        }
        reply = api.post("/tasks", json=result)
        assert reply.status_code == 200, reply.text
        return task

    return do_work


@pytest.fixture
def cli(
    server_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Cli:
    """Return what runs ``dalsegno`` commands against the server."""
    return Cli(server_url, monkeypatch, capsys)
