"""Health, documentation and bad requests, over HTTP; and the server's life."""

import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from dalsegno import __version__
from dalsegno_functions.local.server import AddressInUseError, LocalServer
from dalsegno_functions.wiring import local_engine

Serve = Callable[[Path | None], AbstractContextManager[str]]


def test_health_is_told_in_both_places(server_url: str) -> None:
    for path in ("/health", "/api/health"):
        reply = httpx.get(server_url + path)

        assert reply.status_code == 200
        assert reply.json()["healthy"] is True


def test_version_is_text(api: httpx.Client) -> None:
    reply = api.get("/version")

    assert reply.headers["content-type"].startswith("text/plain")
    assert reply.text == __version__


def test_token_is_not_found_so_sdks_go_on_without(api: httpx.Client) -> None:
    reply = api.post("/token", json={"keyId": "k", "keySecret": "s"})

    assert reply.status_code == 404
    assert reply.json()["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/a2a/x",
        "/agent/executions",
        "/applications",
        "/auth/authorization/WORKFLOW_DEF/x",
        "/event/queue/config",
        "/external/postgres/x",
        "/gateway/config/auth",
        "/groups",
        "/human/tasks/x",
        "/integrations/provider",
        "/limits",
        "/prompts/x",
        "/providers/status",
        "/registry/service",
        "/roles",
        "/skills/x",
        "/token/userInfo",
        "/users",
        "/workflow/w/nothing/here",
    ],
)
def test_what_is_not_there_is_404_in_json(api: httpx.Client, path: str) -> None:
    reply = api.get(path)

    assert reply.status_code in {404, 405}
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["status"] == reply.status_code


def test_wrong_method_is_405(api: httpx.Client) -> None:
    reply = api.patch("/metadata/taskdefs", json={})

    assert reply.status_code == 405
    assert reply.headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT"


def test_root_leads_to_the_docs(server_url: str) -> None:
    reply = httpx.get(server_url, follow_redirects=True)

    assert reply.url.path == "/docs"
    assert reply.headers["content-type"].startswith("text/html")
    assert "http://" not in reply.text.replace("http://www.w3.org", "")
    assert "https://" not in reply.text


def test_every_operation_is_documented(server_url: str) -> None:
    document: dict[str, Any] = httpx.get(f"{server_url}/api-docs").json()

    assert document["openapi"] == "3.1.0"
    start = document["paths"]["/api/workflow"]["post"]
    schema = start["requestBody"]["content"]["application/json"]["schema"]
    assert schema["$ref"].startswith("#/components/schemas/StartWorkflowRequest")
    ids = [
        operation["operationId"]
        for operations in document["paths"].values()
        for operation in operations.values()
    ]
    assert len(ids) == len(set(ids)) > 60
    schemas = document["components"]["schemas"]
    references = {
        part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]
    }
    assert references <= set(schemas)


def test_body_in_chunks_is_read(api: httpx.Client, server_url: str) -> None:
    def chunks() -> Any:
        yield b'[{"name":'
        yield b' "chunked_task"}]'

    assert api.post("/metadata/taskdefs", content=chunks()).status_code == 200
    assert api.get("/metadata/taskdefs/chunked_task").json()["name"] == "chunked_task"


def test_body_above_ten_megabytes_is_413(api: httpx.Client) -> None:
    reply = api.post("/workflow/x", content=b'{"a": "' + b"x" * 11 * 1024 * 1024 + b'"}')

    assert reply.status_code == 413
    assert reply.json()["status"] == 413


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deeply_nested_body_is_400(api: httpx.Client, opening: str) -> None:
    for path in ("/workflow", "/workflow/x", "/metadata/taskdefs", "/metadata/workflow"):
        reply = api.post(path, content=opening * 100_000)

        assert reply.status_code == 400


def test_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(AddressInUseError, match=f"port {port} of 127.0.0.1 is taken"):
            LocalServer(local_engine(None), port=port)


def test_state_survives_a_restart(running_server: Serve, tmp_path: Path) -> None:
    with running_server(tmp_path) as url:
        httpx.post(f"{url}/api/metadata/taskdefs", json=[{"name": "kept"}])

    with running_server(tmp_path) as url:
        assert httpx.get(f"{url}/api/metadata/taskdefs/kept").json()["name"] == "kept"
