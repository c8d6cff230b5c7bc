"""Secrets and environment values over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.eventually import eventually


@pytest.fixture
def key() -> str:
    return f"key_{uuid4().hex}"


def put(api: httpx.Client, path: str, value: str) -> httpx.Response:
    return api.put(path, content=value, headers={"content-type": "application/json"})


@pytest.mark.parametrize("value", ["hunter2", '{"user": "ü"}', '"half', " several\nlines\\n"])
def test_value_is_the_body_as_it_stands(api: httpx.Client, key: str, value: str) -> None:
    for resource in ("secrets", "environment"):
        assert put(api, f"/{resource}/{key}", value).status_code == 200

        answer = api.get(f"/{resource}/{key}")
        assert answer.status_code == 200
        assert answer.text == value


def test_text_that_is_sent_as_a_json_string_is_taken_for_what_it_says(
    api: httpx.Client, key: str
) -> None:
    assert put(api, f"/secrets/{key}", '"a \\"quoted\\" word"').status_code == 200

    assert api.get(f"/secrets/{key}").text == 'a "quoted" word'


def test_names_are_listed_without_values(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "hunter2")

    for answer in (api.get("/secrets"), api.post("/secrets")):
        assert key in answer.json()
        assert "hunter2" not in answer.text


def test_environment_lists_names_and_values(api: httpx.Client, key: str) -> None:
    put(api, f"/environment/{key}", "alps")

    assert {"name": key, "value": "alps"} in api.get("/environment").json()


def test_deleted_value_is_gone(api: httpx.Client, key: str) -> None:
    for resource in ("secrets", "environment"):
        put(api, f"/{resource}/{key}", "x")
        assert api.delete(f"/{resource}/{key}").status_code == 200
        assert api.delete(f"/{resource}/{key}").status_code == 404

    assert api.get(f"/secrets/{key}").status_code == 404
    assert api.get(f"/secrets/{key}/exists").json() is False
    # Conductor answers so for what is not in its environment.
    absent = api.get(f"/environment/{key}")
    assert (absent.status_code, absent.text) == (200, "")


def test_tags_are_listed_with_the_names(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    tag = {"key": "team", "value": "red", "type": "METADATA"}

    assert api.put(f"/secrets/{key}/tags", json=[tag]).status_code == 200

    for path in ("/secrets/v2", "/secrets-v2"):
        assert {"name": key, "tags": [tag]} in api.get(path).json()


def test_tags_are_deleted_by_their_keys(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    team, tier = ({"key": k, "value": "red", "type": "METADATA"} for k in ("team", "tier"))
    api.put(f"/secrets/{key}/tags", json=[team, tier])

    assert api.request("DELETE", f"/secrets/{key}/tags", json=[team]).status_code == 200

    assert api.get(f"/secrets/{key}/tags").json() == [tier]


def test_tags_go_with_their_secret(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    api.put(f"/secrets/{key}/tags", json=[{"key": "team", "value": "red"}])

    api.delete(f"/secrets/{key}")
    assert api.get(f"/secrets/{key}/tags").status_code == 404
    put(api, f"/secrets/{key}", "x")

    assert api.get(f"/secrets/{key}/tags").json() == []


def test_what_does_not_exist_cannot_be_tagged(api: httpx.Client, key: str) -> None:
    tags = [{"key": "team", "value": "red"}]

    assert api.put(f"/secrets/{key}/tags", json=tags).status_code == 404
    assert api.request("DELETE", f"/secrets/{key}/tags", json=tags).status_code == 404


@pytest.mark.parametrize("name", ["a.b", "a b", "x" * 129, "é", "v2"])
def test_name_that_could_not_be_used_is_refused(api: httpx.Client, name: str) -> None:
    answer = put(api, f"/secrets/{name}", "hunter2")

    assert answer.status_code == 400
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("resource", "size", "status"),
    [
        ("secrets", 0, 400),
        ("secrets", 65_537, 413),
        ("environment", 0, 400),
        ("environment", 4097, 413),
    ],
)
def test_value_of_a_wrong_size_is_refused(
    api: httpx.Client, key: str, resource: str, size: int, status: int
) -> None:
    assert put(api, f"/{resource}/{key}", "x" * size).status_code == status
    assert key not in api.get(f"/{resource}").text


class _Echo(BaseHTTPRequestHandler):
    """A service that answers with all it was sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        told = {"path": self.path, "headers": dict(self.headers.items()), "body": body}
        vars(self.server)["seen"].append(told)
        answer = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Echo", self.headers.get("Authorization") or "")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any]]]:
    """Return the address of a service that echoes, and what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    seen: list[Any] = []
    vars(server)["seen"] = seen
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    server.server_close()


def test_service_gets_the_secret_that_the_definition_names_and_none_that_data_names(
    api: httpx.Client,
    key: str,
    service: tuple[str, list[Any]],
    register: Callable[..., str],
    start: Callable[..., str],
) -> None:
    url, seen = service
    put(api, f"/secrets/{key}", "S3CRET/VALUE 1234\n")
    named = f"${{workflow.secrets.{key}}}"
    request = {
        "uri": f"{url}/?note=${{workflow.input.note}}",
        "method": "POST",
        "headers": {"Authorization": f"Basic {named}", "X-Note": "${workflow.input.note}"},
        "body": {"note": "${workflow.input.note}"},
    }
    call = {"name": "call", "taskReferenceName": "call", "type": "HTTP"}
    name = register(
        {**call, "inputParameters": request}, outputParameters={"all": "${call.output}"}
    )

    workflow_id = start(name, input={"note": named})
    workflow = eventually(
        lambda: api.get(f"/workflow/{workflow_id}").json(), lambda w: w["status"] != "RUNNING"
    )

    (told,) = seen
    assert told["headers"]["Authorization"] == "Basic S3CRET/VALUE 1234"
    assert (told["headers"]["X-Note"], json.loads(told["body"])) == (named, {"note": named})
    assert "S3CRET" not in told["path"]
    assert workflow["status"] == "COMPLETED"
    assert "S3CRET" not in json.dumps(workflow)
    response = workflow["output"]["all"]["response"]
    assert response["body"]["headers"]["Authorization"] == "Basic ***"
    assert workflow["tasks"][0]["inputData"]["headers"]["Authorization"] == f"Basic {named}"


def test_every_way_to_get_a_task_tells_secrets_and_data_apart(
    api: httpx.Client, key: str, a_name: Callable[[str], str], register: Callable[..., str]
) -> None:
    put(api, f"/secrets/{key}", "S3CRET-1234")
    named, task_type = f"${{workflow.secrets.{key}}}", a_name("kind")
    name = register(
        {
            "name": task_type,
            "taskReferenceName": "t",
            "inputParameters": {"own": named, "note": "${workflow.input.note}"},
        }
    )
    ids = [
        api.post("/workflow", json={"name": name, "input": {"note": named}}).text for _ in range(4)
    ]
    task_id = api.get(f"/workflow/{ids[0]}").json()["tasks"][0]["taskId"]

    waiting = api.post("/tasks/waiting", json={"taskIds": [task_id]}).json()[0]
    polled = api.get(f"/tasks/poll/{task_type}").json()
    (batch,) = api.get(f"/tasks/poll/batch/{task_type}?count=1").json()
    result = {key: polled[key] for key in ("taskId", "workflowInstanceId")}
    following = api.post("/tasks/update-v2", json={**result, "status": "COMPLETED"}).json()

    handed = [waiting, polled, batch, following]
    assert [each["inputData"] for each in handed] == [{"own": "S3CRET-1234", "note": named}] * 4
    read = [api.get(f"/tasks/{polled['taskId']}").json(), api.get(f"/workflow/{ids[1]}").json()]
    assert "S3CRET" not in json.dumps(read)
