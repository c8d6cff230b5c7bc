"""``/api/scheduler``, as clients see it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.eventually import eventually

HOUR = 3_600_000


@pytest.fixture
def save(
    api: httpx.Client, a_name: Callable[[str], str], register: Callable[..., str]
) -> Callable[..., dict[str, Any]]:
    """Return a function that saves a schedule and returns it as it is answered."""

    def save_schedule(**fields: Any) -> dict[str, Any]:
        flow = register({"name": "work", "taskReferenceName": "work"})
        schedule = {
            "name": a_name("schedule"),
            "cronExpression": "0 0 0 1 1 *",
            "startWorkflowRequest": {"name": flow},
            **fields,
        }
        reply = api.post("/scheduler/schedules", json=schedule)
        assert reply.status_code == 200, reply.text
        answer: dict[str, Any] = reply.json()
        return answer

    return save_schedule


def test_schedule_runs_within_a_second_and_is_remembered(
    api: httpx.Client, save: Callable[..., dict[str, Any]]
) -> None:
    schedule = save(cronExpression="* * * * * *")
    query = {"query": f"scheduleName = {schedule['name']}", "sort": "scheduledTime:ASC"}

    found = eventually(
        lambda: api.get("/scheduler/search/executions", params=query).json(),
        lambda hits: hits["totalHits"] >= 3,
    )
    api.delete(f"/scheduler/schedules/{schedule['name']}")

    times = [each["scheduledTime"] for each in found["results"]]
    assert times == list(range(times[0], times[0] + 1000 * len(times), 1000))
    first = found["results"][0]
    assert first["state"] == "EXECUTED"
    workflow = api.get(f"/workflow/{first['workflowId']}").json()
    assert workflow["input"]["_startedByScheduler"] == schedule["name"]
    assert workflow["input"]["_scheduledTime"] == first["scheduledTime"]


def test_saved_schedule_is_answered_with_all_its_fields(
    api: httpx.Client, save: Callable[..., dict[str, Any]]
) -> None:
    schedule = save(zoneId="Europe/Madrid", description="Happy new year")

    stored = api.get(f"/scheduler/schedules/{schedule['name']}").json()

    assert stored == schedule
    assert stored["cronSchedules"] == []
    assert (stored["paused"], stored["runCatchupScheduleInstances"]) == (False, False)
    assert stored["nextRunTime"] > stored["createTime"] > 0


def test_schedules_are_listed_by_workflow_and_searched(
    api: httpx.Client, save: Callable[..., dict[str, Any]]
) -> None:
    one, other = save(), save(paused=True, description="Zanzibar")
    flow = one["startWorkflowRequest"]["name"]

    def search(**query: Any) -> list[str]:
        hits = api.get("/scheduler/schedules/search", params=query).json()
        assert hits["totalHits"] >= len(hits["results"])
        return [each["name"] for each in hits["results"]]

    listed = api.get("/scheduler/schedules", params={"workflowName": flow}).json()
    assert [each["name"] for each in listed] == [one["name"]]
    assert len(api.get("/scheduler/schedules").json()) >= 2
    assert search(workflowName=flow) == [one["name"]]
    assert search(scheduleName=one["name"][-8:]) == [one["name"]]
    assert other["name"] in search(paused=True)
    assert one["name"] not in search(paused=True)
    assert search(freeText="zanzibar") == [other["name"]]
    newest = search(sort="createTime:DESC,name:ASC", size=1000)
    assert newest.index(other["name"]) < newest.index(one["name"])
    assert len(search(size=1)) == 1
    assert api.get("/scheduler/schedules/search", params={"sort": "x"}).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_schedule_is_paused_and_resumed(
    api: httpx.Client, save: Callable[..., dict[str, Any]], method: str
) -> None:
    path = f"/scheduler/schedules/{save()['name']}"

    paused = api.request(method, f"{path}/pause", params={"reason": "holidays"})
    shown = api.get(path).json()
    resumed = api.request(method, f"{path}/resume")

    assert (paused.status_code, paused.content, resumed.status_code) == (200, b"", 200)
    assert (shown["paused"], shown["pausedReason"]) == (True, "holidays")
    assert "nextRunTime" not in shown
    assert api.get(path).json()["paused"] is False
    assert api.request(method, f"{path}/resume").status_code == 404


def test_many_schedules_are_paused_and_resumed(
    api: httpx.Client, save: Callable[..., dict[str, Any]]
) -> None:
    name = save()["name"]

    paused = api.put("/scheduler/bulk/pause", json=[name, "nobody"]).json()
    resumed = api.put("/scheduler/bulk/resume", json=[name, "nobody"]).json()

    for answer in (paused, resumed):
        assert answer["bulkSuccessfulResults"] == [name]
        assert answer["bulkErrorResults"] == {"nobody": "Schedule 'nobody' not found"}


def test_unknown_schedule_is_not_found_and_may_be_deleted(api: httpx.Client) -> None:
    for method, path in [("GET", ""), ("PUT", "/pause"), ("PUT", "/resume"), ("GET", "/pause")]:
        reply = api.request(method, f"/scheduler/schedules/nobody{path}")
        assert (reply.status_code, reply.json()["message"]) == (
            404,
            "Schedule 'nobody' not found",
        )
    assert api.delete("/scheduler/schedules/nobody").status_code == 200


def test_bad_schedule_is_refused_by_field(api: httpx.Client) -> None:
    body = {
        "name": "a:b",
        "cronExpression": "x",
        "zoneId": "y",
        "startWorkflowRequest": {"name": "f"},
    }

    reply = api.post("/scheduler/schedules", json=body)

    assert reply.status_code == 400
    paths = [each["path"] for each in reply.json()["validationErrors"]]
    assert paths == ["name", "cronExpression", "zoneId"]
    del body["startWorkflowRequest"]
    assert api.post("/scheduler/schedules", json=body).status_code == 400
    assert api.get("/scheduler/schedules/a%3Ab").status_code == 404


def test_next_times_are_told(api: httpx.Client) -> None:
    path, daily = "/scheduler/nextFewSchedules", {"cronExpression": "0 0 12 * * *"}

    def times(**query: Any) -> list[int]:
        answer: list[int] = api.get(path, params={**daily, **query}).json()
        return answer

    utc = times()
    assert len(utc) == 5
    assert {later - earlier for earlier, later in pairwise(utc)} == {24 * HOUR}
    assert times(limit=2, scheduleStartTime=utc[1]) == utc[1:3]
    assert times(scheduleEndTime=utc[1]) == utc[:2]
    assert times(zoneId="Asia/Tokyo")[1] % (24 * HOUR) == 3 * HOUR
    bad = api.get(path, params={"cronExpression": "0 0 25 * * *"})
    assert (bad.status_code, "Invalid cron expression" in bad.json()["message"]) == (400, True)
    assert api.get(path).status_code == 400


def test_all_schedules_are_paused_resumed_and_looked_at(api: httpx.Client) -> None:
    assert api.get("/scheduler/admin/pause").json() == {"status": "done"}
    assert api.get("/scheduler/admin/requeue").json() == {"recordIds.size": 0, "sampleIds": []}
    assert api.get("/scheduler/admin/resume").json() == {"status": "done"}
    assert api.get("/scheduler/admin/requeue").status_code == 200


def test_bad_search_of_executions_is_refused(api: httpx.Client) -> None:
    reply = api.get("/scheduler/search/executions", params={"query": "colour = red"})

    assert reply.status_code == 400
    assert "unknown field" in reply.json()["message"]


def test_schedule_is_tagged(api: httpx.Client, save: Callable[..., dict[str, Any]]) -> None:
    name = save()["name"]
    path = f"/scheduler/schedules/{name}/tags"
    tag = {"key": "team", "value": "books", "type": "METADATA"}

    assert api.put(path, json=[tag, {**tag, "key": "other"}]).status_code == 200
    assert api.request("DELETE", path, json=[{**tag, "key": "other"}]).status_code == 200
    assert api.get(path).json() == [tag]

    api.delete(f"/scheduler/schedules/{name}")
    assert api.get(path).status_code == 404
    save(name=name)
    assert api.get(path).json() == []
