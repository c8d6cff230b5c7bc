"""Files of workflows, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.eventually import eventually

Call = Callable[..., Any]
CONTENT = bytes(range(256)) * 10


@pytest.fixture
def child(register: Call) -> str:
    name: str = register({"name": "wait", "taskReferenceName": "wait", "type": "WAIT"})
    return name


@pytest.fixture
def owner(register: Call, start: Call, child: str) -> str:
    """Return the id of a workflow that has a sub-workflow and runs."""
    sub = {"name": "sub", "taskReferenceName": "sub", "type": "SUB_WORKFLOW"}
    workflow_id: str = start(register({**sub, "subWorkflowParam": {"name": child}}))
    return workflow_id


@pytest.fixture
def upload(api: httpx.Client) -> Call:
    """Return a function that uploads a file of a workflow and returns its id."""

    def upload_file(workflow_id: str, name: str = "käse.bin") -> str:
        announced = api.post(
            "/files", json={"workflowId": workflow_id, "fileName": name, "contentType": "x/y"}
        ).json()
        url = announced["uploadUrl"].removeprefix("/api")
        assert api.put(url, content=CONTENT).status_code == 204
        file_id: str = announced["fileHandleId"].rsplit("/", 1)[1]
        assert api.post(f"/files/{workflow_id}/{file_id}/upload-complete").status_code == 200
        return file_id

    return upload_file


def child_of(api: httpx.Client, workflow_id: str) -> str:
    tasks = eventually(
        lambda: api.get(f"/workflow/{workflow_id}").json()["tasks"],
        lambda found: "subWorkflowId" in found[0],
    )
    child_id: str = tasks[0]["subWorkflowId"]
    return child_id


def test_file_is_announced_uploaded_and_downloaded(api: httpx.Client, owner: str) -> None:
    reply = api.post("/files", json={"workflowId": owner, "fileName": "a.pdf", "taskId": "t"})
    announced = reply.json()
    file_id = announced["fileHandleId"].rsplit("/", 1)[1]
    here = f"/files/{owner}/{file_id}"

    assert (reply.status_code, announced["storageType"]) == (201, "CONDUCTOR")
    assert announced["uploadStatus"] == "PENDING"
    assert announced["uploadUrlExpiresAt"] > announced["createdAt"]
    assert api.get(f"{here}/download-url").status_code == 400
    assert api.post(f"{here}/upload-complete").status_code == 400
    url = api.get(f"{here}/upload-url").json()["uploadUrl"].removeprefix("/api")
    assert api.put(url, content=CONTENT).status_code == 204

    completed = api.post(f"{here}/upload-complete").json()

    assert completed["uploadStatus"] == "UPLOADED"
    handle = api.get(here).json()
    assert (handle["contentLength"], handle["contentHash"]) == (2560, completed["contentHash"])
    assert (handle["taskId"], handle["contentType"]) == ("t", "application/octet-stream")
    download = api.get(f"{here}/download-url").json()["downloadUrl"].removeprefix("/api")
    got = api.get(download)
    assert (got.content, got.headers["content-type"]) == (CONTENT, "application/octet-stream")
    assert got.headers["content-disposition"] == "attachment; filename*=UTF-8''a.pdf"
    assert api.post(f"{here}/upload-complete").status_code == 409
    assert api.put(url, content=b"other").status_code == 409


def test_family_reads_and_owner_alone_writes(
    api: httpx.Client, owner: str, upload: Call, start: Call, child: str
) -> None:
    relative, stranger = child_of(api, owner), start(child)
    file_id = upload(owner)

    assert api.get(f"/files/content/{relative}/{file_id}").content == CONTENT
    assert api.get(f"/files/{relative}/{file_id}").json()["fileName"] == "käse.bin"
    assert api.get(f"/files/{relative}/{file_id}/upload-url").status_code == 403
    assert api.put(f"/files/content/{relative}/{file_id}", content=b"x").status_code == 403
    for path in (f"/files/{stranger}/{file_id}", f"/files/content/{stranger}/{file_id}"):
        assert api.get(path).status_code == 403
    assert api.get(f"/files/absent/{file_id}").status_code == 404
    assert api.get(f"/files/{owner}/absent").status_code == 404


def test_owner_of_a_child_may_be_read_above(api: httpx.Client, owner: str, upload: Call) -> None:
    file_id = upload(child_of(api, owner))

    assert api.get(f"/files/content/{owner}/{file_id}").content == CONTENT


def test_files_go_with_their_workflow(
    api: httpx.Client, start: Call, child: str, upload: Call
) -> None:
    workflow_id = start(child)
    file_id = upload(workflow_id)

    api.delete(f"/workflow/{workflow_id}/terminate-remove?archiveWorkflow=false")

    assert api.get(f"/files/{workflow_id}/{file_id}").status_code == 404


def test_local_server_takes_no_parts(api: httpx.Client, owner: str) -> None:
    announced = api.post("/files", json={"workflowId": owner, "fileName": "a"}).json()
    here = f"/files/{owner}/{announced['fileHandleId'].rsplit('/', 1)[1]}/multipart"

    assert api.post(here).status_code == 400
    assert api.get(f"{here}/u/part/1").status_code == 400
    assert api.get(f"{here}/u/part/0").status_code == 400
    assert api.post(f"{here}/u/complete", json={"partETags": ["a"]}).status_code == 400
    assert api.post(f"{here}/u/complete", json={"partETags": []}).status_code == 400
    assert api.delete(f"{here}/u").status_code == 400


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fileName": None}, "fileName"),
        ({"fileName": ""}, "fileName"),
        ({"workflowId": None}, "workflowId"),
        ({"contentType": "text/html\r\nx: y"}, "contentType"),
        ({"contentType": "text"}, "contentType"),
        ({"contentType": "текст/план"}, "contentType"),
        ({"contentType": "text/plain; charset=ütf"}, "contentType"),
    ],
)
def test_malformed_announcement_is_refused(
    api: httpx.Client, owner: str, change: dict[str, Any], named: str
) -> None:
    reply = api.post("/files", json={"workflowId": owner, "fileName": "a", **change})

    assert reply.status_code == 400
    assert named in reply.text


def test_file_needs_a_workflow(api: httpx.Client) -> None:
    assert api.post("/files", json={"workflowId": "x", "fileName": "a"}).status_code == 404
