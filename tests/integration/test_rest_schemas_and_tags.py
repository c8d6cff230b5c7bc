"""Schemas, and tags of definitions, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Maker = Callable[[str], str]
Call = Callable[..., Any]

# -- schemas ----------------------------------------------------------------------------------


@pytest.fixture
def name(a_name: Maker) -> str:
    return a_name("schema")


def save(api: httpx.Client, *schemas: dict[str, Any], **query: Any) -> httpx.Response:
    return api.post("/schema", json=list(schemas), params=query)


def test_schemas_are_kept_by_name_and_version(api: httpx.Client, name: str) -> None:
    one = {"name": name, "type": "JSON", "data": {"type": "object"}}
    two = {"name": name, "version": 2, "type": "AVRO", "externalRef": "s3://x"}

    reply = save(api, one, two)

    assert (reply.status_code, reply.text) == (200, "")
    found = api.get(f"/schema/{name}/1").json()
    assert found["data"] == {"type": "object"}
    assert found["createTime"] > 0
    assert api.get(f"/schema/{name}").json()["version"] == 2
    mine = [each for each in api.get("/schema").json() if each["name"] == name]
    assert [(each["version"], each["type"]) for each in mine] == [(1, "JSON"), (2, "AVRO")]


def test_single_schema_is_taken_as_the_sdk_sends_it(api: httpx.Client, name: str) -> None:
    schema = {"name": name, "version": 1, "type": "JSON"}

    assert api.post("/schema", json=schema).status_code == 200
    assert api.post("/schema", json=schema, params={"newVersion": "true"}).status_code == 200

    assert api.get(f"/schema/{name}").json()["version"] == 2


def test_saving_again_replaces(api: httpx.Client, name: str) -> None:
    save(api, {"name": name, "type": "JSON", "data": {"a": 1}})
    created = api.get(f"/schema/{name}").json()["createTime"]

    save(api, {"name": name, "type": "JSON", "data": {"b": 1}})

    found = api.get(f"/schema/{name}").json()
    assert (found["data"], found["createTime"]) == ({"b": 1}, created)
    assert found["updateTime"] > 0


def test_schemas_are_deleted_one_by_one_or_all_at_once(api: httpx.Client, name: str) -> None:
    save(api, *({"name": name, "version": n, "type": "JSON"} for n in (1, 2, 3)))
    other = f"{name}.0000000001"
    save(api, {"name": other, "type": "JSON"})

    assert api.delete(f"/schema/{name}/3").status_code == 200
    assert api.get(f"/schema/{name}").json()["version"] == 2
    assert api.delete(f"/schema/{name}").status_code == 200

    assert api.get(f"/schema/{name}").status_code == 404
    assert api.delete(f"/schema/{name}").status_code == 404
    assert api.delete(f"/schema/{name}/1").status_code == 404
    assert api.get(f"/schema/{other}").json()["name"] == other


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        ({"type": "JSON"}, "name"),
        ({"name": " ", "type": "JSON"}, "name"),
        ({"name": "n" * 256, "type": "JSON"}, "name"),
        ({"name": "x"}, "type"),
        ({"name": "x", "type": "XML"}, "type"),
        ({"name": "x", "type": "JSON", "version": 0}, "version"),
        ({"name": "x", "type": "JSON", "data": []}, "data"),
    ],
)
def test_malformed_schema_is_refused(
    api: httpx.Client, name: str, schema: dict[str, Any], named: str
) -> None:
    reply = save(api, {"name": name, "type": "JSON"}, schema)

    assert reply.status_code == 400
    assert named in reply.text
    assert api.get(f"/schema/{name}").status_code == 404


def test_there_must_be_a_schema_and_a_version(api: httpx.Client, name: str) -> None:
    assert save(api).status_code == 400
    assert api.get(f"/schema/{name}/x").status_code == 400


# -- tags -------------------------------------------------------------------------------------


def a_tag(key: str, value: str) -> dict[str, str]:
    return {"key": key, "value": value, "type": "METADATA"}


@pytest.fixture(params=["workflow", "task", "tags/workflow"])
def path(api: httpx.Client, register: Call, a_name: Maker, request: pytest.FixtureRequest) -> str:
    """Return where the tags of a definition are."""
    task = a_name("task")
    api.post("/metadata/taskdefs", json=[{"name": task}])
    flow = register({"name": task, "taskReferenceName": "t"})
    paths = {
        "workflow": f"/metadata/workflow/{flow}/tags",
        "task": f"/metadata/task/{task}/tags",
        "tags/workflow": f"/metadata/tags/workflow/{flow}",
    }
    return paths[request.param]


def test_tags_are_added_and_deleted(api: httpx.Client, path: str) -> None:
    assert api.get(path).json() == []

    assert api.post(path, json=a_tag("team", "pay")).status_code == 200
    assert api.post(path, json=[a_tag("team", "ship"), a_tag("tier", "1")]).status_code == 200

    assert api.get(path).json() == [a_tag("team", "ship"), a_tag("tier", "1")]
    assert a_tag("tier", "1") in api.get("/metadata/tags").json()
    assert api.request("DELETE", path, json=a_tag("team", "ship")).status_code == 200
    assert api.get(path).json() == [a_tag("tier", "1")]


@pytest.mark.parametrize("path", ["workflow", "task"], indirect=True)
def test_tags_are_replaced(api: httpx.Client, path: str) -> None:
    api.post(path, json=a_tag("team", "pay"))

    assert api.put(path, json=[a_tag("tier", "1")]).status_code == 200

    assert api.get(path).json() == [a_tag("tier", "1")]


@pytest.mark.parametrize("tag", [{"value": "x"}, {"key": "", "value": "x"}, "team", {"type": "X"}])
def test_malformed_tag_is_refused(api: httpx.Client, register: Call, tag: object) -> None:
    flow = register({"name": "t", "taskReferenceName": "t"})

    assert api.post(f"/metadata/workflow/{flow}/tags", json=tag).status_code == 400


def test_only_what_exists_is_tagged(api: httpx.Client, a_name: Maker) -> None:
    for path in (f"/metadata/workflow/{a_name('x')}/tags", f"/metadata/task/{a_name('x')}/tags"):
        assert api.get(path).status_code == 404
        assert api.post(path, json=a_tag("team", "pay")).status_code == 404
