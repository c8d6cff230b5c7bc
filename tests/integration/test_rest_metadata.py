"""``/api/metadata``, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Maker = Callable[[str], str]


def a_task(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": f"{name}_ref", "type": "SIMPLE", **fields}


def a_workflow(name: str, version: int = 1, **fields: Any) -> dict[str, Any]:
    return {"name": name, "version": version, "tasks": [a_task("step")], **fields}


def test_registered_workflow_is_found_again(api: httpx.Client, a_name: Maker) -> None:
    definition = a_workflow(a_name("order"), description="é", inputTemplate={"a": None})

    reply = api.post("/metadata/workflow", json=definition)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-length"] == "0"
    assert "content-type" not in reply.headers
    found = api.get(f"/metadata/workflow/{definition['name']}").json()
    assert found["description"] == "é"
    assert found["inputTemplate"] == {"a": None}
    assert found["schemaVersion"] == 2
    assert found["timeoutPolicy"] == "ALERT_ONLY"
    assert found["createTime"] > 0


def test_same_name_and_version_conflict(api: httpx.Client, a_name: Maker) -> None:
    definition = a_workflow(a_name("order"))
    api.post("/metadata/workflow", json=definition)

    reply = api.post("/metadata/workflow", json=definition)

    assert reply.status_code == 409
    assert reply.json()["message"] == f"Workflow with {definition['name']}.1 already exists!"
    assert reply.json()["status"] == 409
    assert reply.json()["retryable"] is False


def test_overwrite_replaces_in_pythons_spelling(api: httpx.Client, a_name: Maker) -> None:
    definition = a_workflow(a_name("order"))
    api.post("/metadata/workflow", json=definition)
    created = api.get(f"/metadata/workflow/{definition['name']}").json()["createTime"]

    reply = api.post(
        "/metadata/workflow?overwrite=True&unknown=1", json={**definition, "description": "new"}
    )

    assert reply.status_code == 200
    found = api.get(f"/metadata/workflow/{definition['name']}").json()
    assert (found["description"], found["createTime"]) == ("new", created)


def test_faulty_definition_is_refused_with_its_faults(api: httpx.Client) -> None:
    definition = {"tasks": [{"taskReferenceName": "r"}], "schemaVersion": 1}

    for path in ("/metadata/workflow", "/metadata/workflow/validate"):
        reply = api.post(path, json=definition)

        assert reply.status_code == 400
        body = reply.json()
        assert body["message"] == "Validation failed, check below errors for detail."
        assert "instance" not in body
        messages = {each["message"] for each in body["validationErrors"]}
        assert "WorkflowDef name cannot be null or empty" in messages


def test_check_stores_nothing(api: httpx.Client, a_name: Maker) -> None:
    definition = a_workflow(a_name("order"))

    assert api.post("/metadata/workflow/validate", json=definition).status_code == 200

    reply = api.get(f"/metadata/workflow/{definition['name']}")
    assert reply.status_code == 404
    assert reply.json()["message"] == (
        f"No such workflow found by name: {definition['name']}, version: null"
    )


def test_update_stores_all_or_none(api: httpx.Client, a_name: Maker) -> None:
    good, bad = a_workflow(a_name("good")), {**a_workflow(a_name("bad")), "tasks": []}

    refused = api.put("/metadata/workflow", json=[good, bad])
    assert refused.status_code == 400
    assert api.get(f"/metadata/workflow/{good['name']}").status_code == 404

    reply = api.put("/metadata/workflow", json=[good])
    assert reply.status_code == 200
    assert reply.json()["bulkSuccessfulResults"] == [good["name"]]
    assert reply.json()["bulkErrorResults"] == {}


def test_empty_list_of_definitions_is_refused(api: httpx.Client) -> None:
    assert api.put("/metadata/workflow", json=[]).status_code == 400
    assert api.post("/metadata/taskdefs", json=[]).status_code == 400


def test_highest_version_is_the_default(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("order")
    for version in (2, 10, 1):
        api.post("/metadata/workflow", json=a_workflow(name, version))

    assert api.get(f"/metadata/workflow/{name}").json()["version"] == 10
    assert api.get(f"/metadata/workflow/{name}?version=2").json()["version"] == 2
    assert api.get(f"/metadata/workflow/{name}?version=").json()["version"] == 10
    versions = api.get(f"/metadata/workflow/{name}/versions").json()
    assert [each["version"] for each in versions] == [1, 2, 10]
    names = api.get("/metadata/workflow/names-and-versions").json()
    assert [each["version"] for each in names[name]] == [1, 2, 10]
    latest = api.get("/metadata/workflow/latest-versions").json()
    assert [each["version"] for each in latest if each["name"] == name] == [10]
    assert api.get("/metadata/workflow/names").json().count(name) == 1
    every = api.get("/metadata/workflow").json()
    assert [each["version"] for each in every if each["name"] == name] == [1, 2, 10]


def test_version_that_is_no_number_is_refused(api: httpx.Client) -> None:
    reply = api.get("/metadata/workflow/x?version=one")

    assert reply.status_code == 400
    assert "version" in reply.json()["message"]


def test_missing_version_is_named(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("order")
    api.post("/metadata/workflow", json=a_workflow(name))

    reply = api.get(f"/metadata/workflow/{name}?version=7")

    assert reply.status_code == 404
    assert reply.json()["message"] == f"No such workflow found by name: {name}, version: 7"


def test_definitions_are_listed_by_kind(api: httpx.Client, a_name: Maker) -> None:
    agent, plain = a_name("agent"), a_name("plain")
    api.post("/metadata/workflow", json=a_workflow(agent, metadata={"agentDef": {}}))
    api.post("/metadata/workflow", json=a_workflow(plain))

    agents = api.get("/metadata/workflow?classifier=AGENT").json()
    workflows = api.get("/metadata/workflow?classifier=workflow").json()

    assert agent in {each["name"] for each in agents}
    assert plain not in {each["name"] for each in agents}
    assert plain in {each["name"] for each in workflows}


def test_deleted_definition_is_gone(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("order")
    api.post("/metadata/workflow", json=a_workflow(name))

    assert api.delete(f"/metadata/workflow/{name}/1").status_code == 200
    assert api.delete(f"/metadata/workflow/{name}/1").status_code == 404
    assert api.delete(f"/metadata/workflow/{name}/one").status_code == 400


def test_name_may_hold_anything_a_url_can_carry(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("a/b:c é#<x>")

    api.post("/metadata/taskdefs", json=[{"name": name}])

    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    assert api.get(f"/metadata/taskdefs/{encoded}").json()["name"] == name


def test_registered_task_gets_conductors_defaults(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("charge")

    reply = api.post("/metadata/taskdefs", json=[{"name": name, "unknown": 1}])

    assert (reply.status_code, reply.content) == (200, b"")
    found = api.get(f"/metadata/taskdefs/{name}").json()
    assert found["retryCount"] == 3
    assert found["retryDelaySeconds"] == 60
    assert found["responseTimeoutSeconds"] == 3600
    assert found["timeoutPolicy"] == "TIME_OUT_WF"
    assert name in {each["name"] for each in api.get("/metadata/taskdefs").json()}


def test_only_a_known_task_can_be_updated(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("charge")

    refused = api.put("/metadata/taskdefs", json={"name": name, "enforceSchema": False})
    assert refused.status_code == 404
    assert refused.json()["message"] == f"No such task by name {name}"

    api.post("/metadata/taskdefs", json=[{"name": name}])
    created = api.get(f"/metadata/taskdefs/{name}").json()["createTime"]
    assert api.put("/metadata/taskdefs", json={"name": name, "retryCount": 7}).status_code == 200
    found = api.get(f"/metadata/taskdefs/{name}").json()
    assert (found["retryCount"], found["createTime"]) == (7, created)
    assert found["updateTime"] > 0


def test_unknown_task_is_not_found(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("charge")

    reply = api.get(f"/metadata/taskdefs/{name}")

    assert reply.status_code == 404
    assert reply.json()["message"] == f"No such taskType found by name: {name}"


def test_deletion_ignores_the_body_sdks_send(api: httpx.Client, a_name: Maker) -> None:
    name = a_name("charge")
    api.post("/metadata/taskdefs", json=[{"name": name}])

    reply = api.request("DELETE", f"/metadata/taskdefs/{name}", json={})

    assert reply.status_code == 200
    assert api.delete(f"/metadata/taskdefs/{name}").status_code == 404


@pytest.mark.parametrize("body", [{"name": "x", "retryCount": -1}, {"name": "x", "retryCount": {}}])
def test_faulty_task_is_refused(api: httpx.Client, body: dict[str, Any]) -> None:
    for reply in (
        api.post("/metadata/taskdefs", json=[body]),
        api.put("/metadata/taskdefs", json=body),
    ):
        assert reply.status_code == 400
        assert "retryCount" in reply.json()["validationErrors"][0]["path"]


def test_rate_limit_is_set_read_and_removed(
    api: httpx.Client, register: Callable[..., str]
) -> None:
    name = register({"name": "pause", "taskReferenceName": "pause", "type": "WAIT"})
    path = f"/metadata/workflow/{name}/rate-limit"
    assert api.get(path).status_code == 404

    assert api.put(path, json={"rateLimitKey": "all", "concurrentExecLimit": 1}).status_code == 200

    assert api.get(path).json()["concurrentExecLimit"] == 1
    started = [api.post(f"/workflow/{name}", json={}).text for _ in range(2)]
    limited = [api.get(f"/workflow/{each}").json()["rateLimited"] for each in started]
    assert limited == [False, True]
    assert api.delete(path).status_code == 200
    assert api.get(path).status_code == 404
    assert api.put("/metadata/workflow/unknown/rate-limit", json={}).status_code == 404


def test_rate_limit_may_be_a_tag(api: httpx.Client, register: Callable[..., str]) -> None:
    name = register({"name": "pause", "taskReferenceName": "pause", "type": "WAIT"})
    tag = {"key": name, "value": 3, "type": "RATE_LIMIT"}
    path = f"/metadata/workflow/{name}"

    assert api.post(f"{path}/tags", json=tag).status_code == 200

    assert api.get(f"{path}/rate-limit").json()["concurrentExecLimit"] == 3
    assert api.request("DELETE", f"{path}/tags", json=tag).status_code == 200
    assert api.get(f"{path}/rate-limit").status_code == 404
    refused = api.post(f"{path}/tags", json={**tag, "value": "many"})
    assert refused.status_code == 400
    assert "RATE_LIMIT" in refused.json()["message"]
    assert api.get(f"{path}/tags").json() == []
