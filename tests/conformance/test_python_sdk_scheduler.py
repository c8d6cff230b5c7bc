"""Schedules through the official Python SDK."""

from collections.abc import Callable
from time import time

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import StartWorkflowRequest, WorkflowDef, WorkflowTask
from conductor.client.http.models.save_schedule_request import SaveScheduleRequest
from conductor.client.http.rest import ApiException
from conductor.client.orkes.models.metadata_tag import MetadataTag
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_scheduler_client import OrkesSchedulerClient

from tests.eventually import eventually


@pytest.fixture(scope="module")
def scheduler(configuration: Configuration) -> OrkesSchedulerClient:
    return OrkesSchedulerClient(configuration)


@pytest.fixture
def save(
    scheduler: OrkesSchedulerClient,
    metadata: OrkesMetadataClient,
    unique: Callable[[str], str],
) -> Callable[..., SaveScheduleRequest]:
    def save_schedule(cron: str = "0 0 0 1 1 ?", **fields: object) -> SaveScheduleRequest:
        flow = unique("sdk_scheduled")
        task = WorkflowTask(name="sdk_nobody", task_reference_name="work")
        metadata.register_workflow_def(WorkflowDef(name=flow, version=1, tasks=[task]))
        request = SaveScheduleRequest(
            name=unique("schedule"),
            cron_expression=cron,
            start_workflow_request=StartWorkflowRequest(name=flow, input={"n": 1}),
            **fields,
        )
        scheduler.save_schedule(request)
        return request

    return save_schedule


def test_saved_schedule_is_read_and_listed(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    saved = save(schedule_end_time=4_000_000_000_000)

    schedule = scheduler.get_schedule(saved.name)
    listed = scheduler.get_all_schedules(saved.start_workflow_request.name)

    assert schedule is not None
    assert (schedule.name, schedule.cron_expression) == (saved.name, "0 0 0 1 1 ?")
    assert (schedule.paused, schedule.schedule_end_time) == (False, 4_000_000_000_000)
    assert schedule.start_workflow_request.input == {"n": 1}
    assert [each.name for each in listed] == [saved.name]
    assert saved.name in [each.name for each in scheduler.get_all_schedules()]


def test_schedule_is_paused_and_resumed(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    name = save().name

    scheduler.pause_schedule(name, reason="holidays")
    paused = scheduler.get_schedule(name)
    scheduler.resume_schedule(name)
    resumed = scheduler.get_schedule(name)
    scheduler.pause(name)
    scheduler.resume(name)

    assert paused is not None
    assert resumed is not None
    assert (paused.paused, paused.paused_reason) == (True, "holidays")
    assert (resumed.paused, resumed.paused_reason) == (False, None)


def test_servers_that_know_get_only_are_spoken_to_as_well(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    name = save().name

    scheduler._pause_resume_via_get(name, "pause", "holidays")
    paused = scheduler.get_schedule(name)
    scheduler._pause_resume_via_get(name, "resume")

    assert paused is not None
    assert paused.paused


def test_schedule_runs_and_its_executions_are_found(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    name = save("* * * * * ?").name

    found = eventually(
        lambda: scheduler.search_schedule_executions(
            start=0, size=10, sort="scheduledTime:DESC", query=f"scheduleName IN ({name})"
        ),
        lambda hits: hits.total_hits >= 2,
        within_seconds=300,
    )
    scheduler.delete_schedule(name)

    assert {each.schedule_name for each in found.results} == {name}
    assert {each.state for each in found.results} == {"EXECUTED"}
    assert all(each.workflow_id for each in found.results)


def test_deleted_schedule_is_not_found(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    name = save().name

    scheduler.delete_schedule(name)

    with pytest.raises(ApiException) as refused:
        scheduler.get_schedule(name)
    assert refused.value.status == 404
    scheduler.delete(name)


def test_next_times_are_previewed(scheduler: OrkesSchedulerClient) -> None:
    now = round(time() * 1000)

    times = scheduler.get_next_few_schedule_execution_times(
        "0 * * * * ?", schedule_start_time=now + 600_000, limit=3
    )

    assert len(times) == 3
    assert times == scheduler.preview_next("0 * * * * ?", n=3, start_at=now + 600_000)
    assert all(at % 60_000 == 0 and at >= now + 600_000 for at in times)


def test_all_schedules_are_paused_resumed_and_requeued(scheduler: OrkesSchedulerClient) -> None:
    scheduler.pause_all_schedules()
    scheduler.resume_all_schedules()
    scheduler.requeue_all_execution_records()


def test_bad_cron_is_refused(save: Callable[..., SaveScheduleRequest]) -> None:
    with pytest.raises(ApiException) as refused:
        save("every day at noon")

    assert refused.value.status == 400
    assert "cronExpression" in str(refused.value.body)


def test_schedule_is_tagged(
    scheduler: OrkesSchedulerClient, save: Callable[..., SaveScheduleRequest]
) -> None:
    name = save().name
    tags = [MetadataTag("team", "books"), MetadataTag("season", "winter")]

    scheduler.set_scheduler_tags(tags, name)
    scheduler.delete_scheduler_tags(tags[:1], name)

    assert [tag.key for tag in scheduler.get_scheduler_tags(name)] == ["season"]
