"""Parameters of a start, in every place where some client sends them."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from dalsegno_functions.api import OPERATIONS

Call = Callable[..., Any]

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}
KEY, STRATEGY = "X-Idempotency-key", "X-on-conflict"


def started(api: httpx.Client, reply: httpx.Response) -> Any:
    assert reply.status_code == 200, reply.text
    workflow_id = reply.headers.get("x-workflow-id") or (
        reply.json()["workflowId"] if reply.text.startswith("{") else reply.text
    )
    return api.get(f"/workflow/{workflow_id}").json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/workflow", {"name": "{name}"}),
        ("/workflow/{name}", {}),
        ("/workflow/start/{name}/1", {}),
        ("/workflow/execute/{name}", {}),
        ("/workflow/execute/{name}/1", {}),
    ],
)
@pytest.mark.parametrize("place", ["header", "query"])
def test_an_idempotency_key_counts_on_every_start(
    api: httpx.Client, register: Call, a_name: Call, path: str, body: dict[str, str], place: str
) -> None:
    name, key = register(WAIT), a_name("key")
    sent = {key: value.format(name=name) for key, value in body.items()}

    def post(strategy: str) -> httpx.Response:
        by = {KEY: key, STRATEGY: strategy, "waitForSeconds": "1"}
        query = {"idempotencyKey": key, "idempotencyStrategy": strategy}
        if "execute" in path:
            query["waitForSeconds"] = "1"
        return api.post(
            path.format(name=name),
            json=sent,
            headers=by if place == "header" else {},
            params=query if place == "query" else {},
        )

    first = started(api, post("FAIL"))
    again = started(api, post("RETURN_EXISTING"))
    refused = post("FAIL")

    assert again["workflowId"] == first["workflowId"]
    assert refused.status_code == 409


def test_start_by_name_and_version_takes_its_body_as_input(
    api: httpx.Client, register: Call
) -> None:
    name = register(WAIT)

    reply = api.post(
        f"/workflow/start/{name}/1?correlationId=c&priority=9", json={"order": 7, "input": {"a": 1}}
    )

    workflow = started(api, reply)
    assert workflow["input"] == {"order": 7, "input": {"a": 1}}
    assert (workflow["correlationId"], workflow["priority"]) == ("c", 9)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_start_that_waits_reads_how_long_in_headers(
    api: httpx.Client, register: Call, method: str
) -> None:
    name = register(WAIT, {**WAIT, "taskReferenceName": "second"})
    headers = {"requestId": "r-1", "waitForSeconds": "1", "waitUntilTaskRef": "second"}

    reply = api.request(method, f"/workflow/execute/{name}?order=7", headers=headers)

    assert reply.headers["x-request-id"] == "r-1"
    assert reply.elapsed.total_seconds() < 8
    if method == "GET":
        assert started(api, reply)["input"] == {"order": "7"}


def test_two_different_values_of_one_parameter_are_refused(
    api: httpx.Client, register: Call
) -> None:
    name = register(WAIT)

    twice = api.post(f"/workflow/{name}?priority=1&priority=2", json={})
    both = api.post(f"/workflow/{name}?idempotencyKey=a", json={}, headers={KEY: "b"})
    beside = api.post("/workflow", json={"name": name, "idempotencyKey": "a"}, headers={KEY: "b"})

    assert [each.status_code for each in (twice, both, beside)] == [400, 400, 400]
    assert "priority: expected one value, got '1' and '2'" in twice.text
    assert "idempotencyKey (or header X-Idempotency-key)" in both.text
    assert "idempotencyKey: the body has 'a'" in beside.text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/workflow/{flow}?correlation_id=c", "correlation_id"),
        ("/workflow/{flow}?waitForSeconds=2", "waitForSeconds"),
        ("/workflow?correlationId=c", "correlationId"),
        ("/workflow/execute/{flow}/1?priority=3", "priority"),
    ],
)
def test_a_parameter_that_the_route_does_not_read_is_ignored_with_a_warning(
    api: httpx.Client,
    register: Call,
    caplog: pytest.LogCaptureFixture,
    path: str,
    name: str,
) -> None:
    flow = register(WAIT)

    reply = api.post(path.format(flow=flow), json={"name": flow})

    assert reply.status_code == 200
    query = f"workflowType = {flow}"
    assert api.get("/workflow/search", params={"query": query}).json()["totalHits"] == 1
    warned = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert any(f"has no query parameter '{name}'" in message for message in warned)


def test_single_poll_takes_the_parameters_of_a_batch(api: httpx.Client) -> None:
    reply = api.get("/tasks/poll/nothing_here?timeout=50&count=1&workerid=w&color=red")

    assert reply.status_code == 204


def test_no_route_refuses_a_parameter_of_another(api: httpx.Client) -> None:
    known = {p.name for r in OPERATIONS for p in r.parameters if p.place == "query"}
    strange = "&".join(f"{name}=1" for name in sorted(known))

    refused = []
    for route in OPERATIONS:
        if route.method != "GET" or "{" in route.path or route.takes_any_query:
            continue
        own = {p.name for p in route.parameters if p.place == "query"}
        foreign = "&".join(part for part in strange.split("&") if part.split("=")[0] not in own)
        plain, with_foreign = (api.get(route.path[4:] + q) for q in ("", f"?{foreign}"))
        if plain.status_code != with_foreign.status_code:
            refused.append((route.path, with_foreign.text))

    assert refused == []


def test_a_parameter_of_somebody_else_is_no_matter(api: httpx.Client, register: Call) -> None:
    reply = api.post(f"/workflow/{register(WAIT)}?utm_source=mail&_=1", json={})

    assert reply.status_code == 200


def test_definitions_are_listed_by_name_and_by_tag(api: httpx.Client, register: Call) -> None:
    name, other = register(WAIT), register(WAIT)
    api.post(f"/metadata/workflow/{name}/tags", json=[{"key": "team", "value": name}])

    def listed(query: str) -> list[str]:
        return [each["name"] for each in api.get(f"/metadata/workflow?{query}").json()]

    assert listed(f"name={other}") == [other]
    assert listed(f"tagKey=team&tagValue={name}") == [name]
    assert listed(f"tagValue={name}&name={other}") == []


def test_what_put_cannot_do_is_refused(api: httpx.Client) -> None:
    refused = api.put("/metadata/workflow?overwrite=False", json=[])
    taken = api.put("/metadata/workflow?overwrite=True&newVersion=false", json=[])

    assert "overwrite: 'False' is not supported: PUT replaces" in refused.text
    assert "overwrite" not in taken.text
