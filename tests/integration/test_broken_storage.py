"""A server whose disk or database gives way says so, and acknowledges nothing it cannot keep."""

import os
import resource
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from dalsegno_functions.local.server import LocalServer
from dalsegno_functions.wiring import DataDirectoryError, LocalEngine, local_engine

STEP = {"name": "step", "taskReferenceName": "step", "type": "SIMPLE"}
FLOW = {"name": "flow", "version": 1, "tasks": [STEP]}


@contextmanager
def serving(local: LocalEngine) -> Iterator[httpx.Client]:
    server = LocalServer(local, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=server.url, timeout=30) as client:
            yield client
    finally:
        server.stop()
        thread.join(20)
        local.close()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(directory: Path) -> Iterator[httpx.Client]:
    with serving(local_engine(directory)) as client:
        client.post("/api/metadata/workflow", json=FLOW).raise_for_status()
        assert client.get("/health").json()["healthy"] is True
        yield client


def start(client: httpx.Client) -> httpx.Response:
    return client.post("/api/workflow", json={"name": "flow"})


def test_full_disk_is_told_and_passes(client: httpx.Client, directory: Path) -> None:
    large = {"name": "flow", "input": {"x": os.urandom(100_000).hex()}}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    room = (directory / "dalsegno.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (min(room, 4096), before[1]))
    try:
        reply = client.post("/api/workflow", json=large)
        health = client.get("/api/health")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert reply.status_code in {503, 507}, reply.text
    assert reply.json()["retryable"] is True
    assert health.status_code == 503
    assert health.json()["healthy"] is False
    assert start(client).status_code == 200
    assert client.get("/health").json()["healthy"] is True


@pytest.mark.parametrize("what", ["directory", "file", "replaced"])
def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    client: httpx.Client, directory: Path, what: str
) -> None:
    match what:
        case "directory":
            shutil.rmtree(directory)
        case "file":
            (directory / "dalsegno.db").unlink()
        case _:
            copy = directory / "copy.db"
            shutil.copyfile(directory / "dalsegno.db", copy)
            copy.replace(directory / "dalsegno.db")

    replies = [start(client) for _ in range(4)]

    assert {reply.status_code for reply in replies} == {503}
    assert "removed or replaced" in replies[0].json()["message"]
    health = client.get("/health")
    assert health.status_code == 503
    assert "removed or replaced" in health.json()["healthResults"][0]["message"]


def a_used_directory(directory: Path) -> Path:
    with serving(local_engine(directory)) as client:
        client.post("/api/metadata/workflow", json=FLOW).raise_for_status()
        for _ in range(200):
            start(client).raise_for_status()
    return directory / "dalsegno.db"


@pytest.mark.parametrize("how", ["truncated", "removed"])
def test_server_does_not_start_empty_where_a_database_was(directory: Path, how: str) -> None:
    database = a_used_directory(directory)
    if how == "truncated":
        database.write_bytes(b"")
    else:
        database.unlink()

    with pytest.raises(DataDirectoryError, match="is gone: put it back"):
        local_engine(directory)

    (directory / "dalsegno.db.exists").unlink()
    local_engine(directory).close()


@pytest.mark.parametrize("how", ["cut", "overwritten", "no database"])
def test_server_does_not_start_on_a_damaged_database(directory: Path, how: str) -> None:
    database = a_used_directory(directory)
    content = database.read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "overwritten": content[: len(content) // 3]
        + b"\x5a" * (len(content) // 3)
        + content[len(content) // 3 * 2 :],
        "no database": b"x" * len(content),
    }
    database.write_bytes(damaged[how])

    with pytest.raises(DataDirectoryError, match="damaged"):
        local_engine(directory)


def test_damage_noticed_while_running_is_told(client: httpx.Client, directory: Path) -> None:
    for _ in range(50):
        start(client).raise_for_status()
    for name in ("dalsegno.db", "dalsegno.db-wal"):
        file = directory / name
        with file.open("r+b") as stream:
            stream.write(b"\x5a" * file.stat().st_size)

    replies = [client.get("/api/workflow/search") for _ in range(3)]

    assert {reply.status_code for reply in replies} == {503}
    assert "damaged" in replies[0].json()["message"]
