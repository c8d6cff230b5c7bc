"""``/api/workflow/bulk``, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Call = Callable[..., Any]


@pytest.fixture
def ids(register: Call, start: Call, a_name: Callable[[str], str]) -> list[str]:
    """Return the ids of two workflows that wait for a worker."""
    name = register({"name": a_name("step"), "taskReferenceName": "step", "type": "SIMPLE"})
    return [start(name), start(name)]


def bulk(api: httpx.Client, method: str, path: str, ids: list[str]) -> Any:
    reply = api.request(method, f"/workflow/bulk/{path}", json=ids)
    assert reply.status_code == 200, reply.text
    return reply.json()


def statuses(api: httpx.Client, ids: list[str]) -> set[str]:
    return {api.get(f"/workflow/{each}/status").json()["status"] for each in ids}


def test_each_id_is_answered_by_itself(api: httpx.Client, ids: list[str]) -> None:
    answer = bulk(api, "PUT", "pause", [*ids, "nope"])

    assert answer == {
        "bulkErrorResults": {"nope": "No such workflow found by id: nope"},
        "bulkSuccessfulResults": ids,
        "message": "Bulk Request has been processed.",
    }
    assert statuses(api, ids) == {"PAUSED"}


def test_many_are_steered_at_once(api: httpx.Client, ids: list[str]) -> None:
    bulk(api, "PUT", "pause", ids)
    assert bulk(api, "PUT", "resume", ids)["bulkSuccessfulResults"] == ids
    assert statuses(api, ids) == {"RUNNING"}

    bulk(api, "POST", "terminate?reason=enough", ids)
    assert statuses(api, ids) == {"TERMINATED"}
    assert api.get(f"/workflow/{ids[0]}").json()["reasonForIncompletion"] == "enough"

    assert bulk(api, "POST", "retry", ids)["bulkSuccessfulResults"] == ids
    assert statuses(api, ids) == {"RUNNING"}

    assert set(bulk(api, "POST", "restart?useLatestDefinitions=False", ids)) >= {"bulkErrorResults"}
    bulk(api, "POST", "terminate", ids)
    assert bulk(api, "POST", "restart", ids)["bulkSuccessfulResults"] == ids
    assert statuses(api, ids) == {"RUNNING"}


def test_many_are_removed_at_once(api: httpx.Client, ids: list[str]) -> None:
    refused = bulk(api, "DELETE", "remove", ids)
    assert set(refused["bulkErrorResults"]) == set(ids)

    answer = bulk(api, "DELETE", "terminate-remove?archiveWorkflow=false&reason=x", ids)
    assert set(answer["bulkSuccessfulResults"]) == set(ids)
    assert api.get(f"/workflow/{ids[0]}").status_code == 404


def test_many_are_read_at_once(api: httpx.Client, ids: list[str]) -> None:
    answer = bulk(api, "POST", "search?includeTasks=false", [*ids, "nope"])

    assert [each["workflowId"] for each in answer["bulkSuccessfulResults"]] == ids
    assert all(each["tasks"] == [] for each in answer["bulkSuccessfulResults"])
    assert set(answer["bulkErrorResults"]) == {"nope"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "WorkflowIds list cannot be null."),
        (["x"] * 1001, "Cannot process more than 1000 workflows. Please use multiple requests."),
        ({}, "Validation failed, check below errors for detail."),
    ],
)
def test_wrong_number_of_ids_is_refused(api: httpx.Client, body: Any, message: str) -> None:
    for method, path in (
        ("PUT", "pause"),
        ("PUT", "resume"),
        ("POST", "restart"),
        ("POST", "retry"),
        ("POST", "terminate"),
        ("DELETE", "remove"),
        ("DELETE", "terminate-remove"),
        ("POST", "search"),
    ):
        reply = api.request(method, f"/workflow/bulk/{path}", json=body)

        assert reply.status_code == 400
        assert reply.json()["message"] == message
