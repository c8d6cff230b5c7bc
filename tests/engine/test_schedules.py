"""Schedules: what they start, and when."""

from collections.abc import Mapping
from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError, NotFoundError
from dalsegno.models import CronSchedule, WorkflowSchedule, WorkflowScheduleExecution
from dalsegno_state.engine.scheduler import KEPT_EXECUTIONS
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.schedule import LATE_MS, MAX_CATCH_UP
from dalsegno_state.schedule_search import Page, execution_query
from tests.builders import NOW
from tests.engine.world import World, simple

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
# The first full minute after the worlds begin.
FIRST = (NOW // MINUTE + 1) * MINUTE


def a_schedule(cron: str | None = "0 * * * * *", **fields: Any) -> WorkflowSchedule:
    """Return a schedule of the workflow ``flow``, each minute unless told otherwise."""
    request = {"name": "flow", "input": {"given": 1}, **fields.pop("request", {})}
    given = {"name": "tick", "cronExpression": cron, "startWorkflowRequest": request, **fields}
    return WorkflowSchedule.model_validate(given)


def go_on(world: World, until: int, step_ms: int = SECOND) -> None:
    """Let time pass in steps; the minute's sweep and the queues are looked after at each."""
    while world.clock.now() < until:
        if world.clock.now() % MINUTE < step_ms:
            world.engine.scheduler.announce()
        world.pump()
        world.clock.advance(min(step_ms, until - world.clock.now()) / 1000)
    world.engine.scheduler.announce()
    world.pump()


def inputs(world: World) -> list[Mapping[str, Any]]:
    """Return the inputs of everything that was started, earliest first."""
    _, found = world.ports.state.search(WorkflowQuery(size=1000))
    return sorted((each.input for each in found), key=lambda each: each["_scheduledTime"])


def started(world: World) -> list[int]:
    """Return the scheduled times of everything that was started."""
    return [each["_scheduledTime"] for each in inputs(world)]


def executions(world: World, query: str | None = None) -> list[WorkflowScheduleExecution]:
    asked = execution_query(query, None, Page(size=1000, sort="scheduledTime:ASC"))
    return world.engine.schedules.executions(asked).results


@pytest.fixture(autouse=True)
def _flow(world: World) -> None:
    world.register(simple("work"))


def test_workflow_is_started_at_each_time_and_told_why(world: World) -> None:
    world.engine.schedules.save(a_schedule())

    go_on(world, FIRST + 2 * MINUTE)

    assert started(world) == [FIRST, FIRST + MINUTE, FIRST + 2 * MINUTE]
    record = executions(world)[0]
    assert inputs(world)[0] == {
        "given": 1,
        "_startedByScheduler": "tick",
        "_scheduledTime": FIRST,
        "_executedTime": record.execution_time,
        "_executionId": record.execution_id,
        "_schedulerCron": "0 * * * * * UTC",
    }
    assert 0 <= record.execution_time - FIRST <= SECOND


def test_execution_is_remembered(world: World) -> None:
    world.engine.schedules.save(a_schedule(zoneId="Asia/Tokyo"))

    go_on(world, FIRST)

    (record,) = executions(world)
    workflow = world.workflow(record.workflow_id or "")
    assert (record.schedule_name, record.workflow_name, record.state) == (
        "tick",
        "flow",
        "EXECUTED",
    )
    assert (record.scheduled_time, record.zone_id) == (FIRST, "Asia/Tokyo")
    assert workflow.input["_executionId"] == record.execution_id
    assert record.start_workflow_request is not None


def test_schedule_of_every_few_seconds_needs_no_sweep_in_between(world: World) -> None:
    world.engine.schedules.save(a_schedule("*/10 * * * * *"))

    while world.clock.now() < FIRST + 2 * MINUTE:
        world.pump()
        world.clock.advance(1)

    first = (NOW // 10_000 + 1) * 10_000
    assert started(world) == list(range(first, FIRST + 2 * MINUTE, 10_000))


def test_delivering_a_message_again_starts_nothing_again(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.clock.advance((FIRST - world.clock.now()) / 1000)

    for _ in range(3):
        world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [FIRST]
    assert len(executions(world)) == 1


def test_lost_message_costs_no_more_than_until_the_next_sweep(world: World) -> None:
    world.engine.schedules.save(a_schedule("0 0 * * * *"))
    next_hour = (NOW // HOUR + 1) * HOUR
    world.clock.advance((next_hour + 50 * SECOND - NOW) / 1000)

    world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [next_hour]


def test_each_cron_of_a_schedule_runs_in_its_own_zone(world: World) -> None:
    noon = {"cronExpression": "0 0 12 * * *"}
    crons = [{**noon, "zoneId": "Asia/Tokyo"}, {**noon, "zoneId": "Europe/Madrid"}, noon]
    world.engine.schedules.save(a_schedule(None, cronSchedules=crons))

    go_on(world, NOW + 24 * HOUR, MINUTE)

    found = {each["_schedulerCron"].split()[-1]: each["_scheduledTime"] for each in inputs(world)}
    assert set(found) == {"Asia/Tokyo", "Europe/Madrid", "UTC"}
    assert (found["UTC"] - found["Asia/Tokyo"]) % (24 * HOUR) == 9 * HOUR
    assert len(started(world)) == 3


def test_two_crons_that_mean_the_same_time_run_once_each(world: World) -> None:
    crons = [{"cronExpression": "0 * * * * *"}, {"cronExpression": "0 */1 * * * *"}]
    world.engine.schedules.save(a_schedule(None, cronSchedules=[*crons, crons[0]]))

    go_on(world, FIRST)

    assert started(world) == [FIRST, FIRST]


def test_nothing_runs_before_the_start_or_after_the_end(world: World) -> None:
    bounds = {"scheduleStartTime": FIRST + MINUTE, "scheduleEndTime": FIRST + 2 * MINUTE}
    world.engine.schedules.save(a_schedule(**bounds))

    go_on(world, FIRST + 5 * MINUTE, 10 * SECOND)

    assert started(world) == [FIRST + MINUTE, FIRST + 2 * MINUTE]
    assert world.engine.schedules.get("tick").next_run_time is None


def test_zero_is_no_bound(world: World) -> None:
    world.engine.schedules.save(a_schedule(scheduleStartTime=0, scheduleEndTime=0))

    assert world.engine.schedules.get("tick").next_run_time == FIRST


def test_paused_schedule_starts_nothing_and_leaves_out_what_it_missed(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.engine.schedules.pause("tick", "holidays")
    go_on(world, FIRST + 90 * SECOND)
    paused = world.engine.schedules.get("tick")

    world.engine.schedules.resume("tick")
    go_on(world, FIRST + 2 * MINUTE)

    assert (paused.paused, paused.paused_reason, paused.next_run_time) == (True, "holidays", None)
    assert started(world) == [FIRST + 2 * MINUTE]
    assert world.engine.schedules.get("tick").paused_reason is None


def test_schedule_that_catches_up_runs_what_a_pause_went_over(world: World) -> None:
    world.engine.schedules.save(a_schedule(runCatchupScheduleInstances=True))
    world.engine.schedules.pause("tick")
    go_on(world, FIRST + 90 * SECOND)

    world.engine.schedules.resume("tick")
    world.pump()

    assert started(world) == [FIRST, FIRST + MINUTE]


def test_pausing_twice_is_fine_and_resuming_twice_is_not(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.engine.schedules.pause("tick")
    world.engine.schedules.pause("tick")
    world.engine.schedules.resume("tick")

    with pytest.raises(NotFoundError, match="not paused"):
        world.engine.schedules.resume("tick")


def test_long_sleep_runs_what_was_due_and_leaves_out_the_rest(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.clock.advance(6 * 3600)

    go_on(world, world.clock.now() + MINUTE)

    woke = NOW + 6 * HOUR
    assert started(world) == [FIRST, (woke // MINUTE + 1) * MINUTE]


def test_what_is_only_a_little_late_is_all_run(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.clock.advance((FIRST + LATE_MS - world.clock.now()) / 1000)

    world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [FIRST + n * MINUTE for n in range(LATE_MS // MINUTE + 1)]


def test_catching_up_runs_every_missed_time(world: World) -> None:
    world.engine.schedules.save(a_schedule(runCatchupScheduleInstances=True))
    world.clock.advance((FIRST + 50 * MINUTE - NOW) / 1000)

    world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [FIRST + n * MINUTE for n in range(51)]


def test_catching_up_is_bounded_to_the_latest(world: World) -> None:
    world.engine.schedules.save(a_schedule(runCatchupScheduleInstances=True))
    last = FIRST + 5000 * MINUTE
    world.clock.advance((last - NOW) / 1000)

    world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [last - n * MINUTE for n in reversed(range(MAX_CATCH_UP))]


def test_catching_up_respects_the_end(world: World) -> None:
    bounds = {"scheduleEndTime": FIRST + 2 * MINUTE, "runCatchupScheduleInstances": True}
    world.engine.schedules.save(a_schedule(**bounds))
    world.clock.advance(6 * 3600)

    world.engine.scheduler.announce()
    world.pump()

    assert started(world) == [FIRST, FIRST + MINUTE, FIRST + 2 * MINUTE]


def test_failed_start_is_remembered_and_the_schedule_goes_on(world: World) -> None:
    world.engine.schedules.save(a_schedule(request={"name": "later"}))
    go_on(world, FIRST + SECOND)
    world.register(simple("work"), name="later")

    go_on(world, FIRST + MINUTE)

    failed, done = executions(world)
    assert (failed.state, failed.workflow_id) == ("FAILED", None)
    assert "No such workflow defined. name=later" in (failed.reason or "")
    assert (done.state, done.scheduled_time) == ("EXECUTED", FIRST + MINUTE)


def test_saving_again_loses_nothing_that_is_due(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.clock.advance((FIRST + 500 - NOW) / 1000)

    world.engine.schedules.save(a_schedule(request={"input": {"given": 2}}))
    world.pump()

    assert started(world) == [FIRST]
    assert inputs(world)[0]["given"] == 2


def test_saving_again_keeps_when_it_was_created_and_by_whom(world: World) -> None:
    world.engine.schedules.save(a_schedule(createdBy="ann"))
    world.clock.advance(1)

    kept = world.engine.schedules.save(a_schedule(createdBy="bob", updatedBy="bob"))

    assert (kept.create_time, kept.updated_time) == (NOW, NOW + SECOND)
    assert (kept.created_by, kept.updated_by) == ("ann", "bob")


def test_new_times_hold_at_once(world: World) -> None:
    world.engine.schedules.save(a_schedule("0 0 0 1 1 *"))
    world.engine.schedules.save(a_schedule("0 * * * * *"))

    go_on(world, FIRST)

    assert started(world) == [FIRST]


def test_deleted_schedule_starts_nothing_more(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    go_on(world, FIRST + SECOND)

    world.engine.schedules.delete("tick")
    world.engine.schedules.delete("tick")
    go_on(world, FIRST + 3 * MINUTE)

    assert started(world) == [FIRST]
    with pytest.raises(NotFoundError, match="Schedule 'tick' not found"):
        world.engine.schedules.get("tick")


def test_all_schedules_can_be_paused_at_once(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.engine.schedules.save(a_schedule(name="other", paused=True))
    world.engine.schedules.pause_all()
    go_on(world, FIRST + 90 * SECOND)
    assert started(world) == []

    world.engine.schedules.resume_all()
    go_on(world, FIRST + 2 * MINUTE)

    assert [each["_startedByScheduler"] for each in inputs(world)] == ["tick"]
    assert started(world) == [FIRST + 2 * MINUTE]


def test_only_so_many_executions_are_remembered(world: World) -> None:
    world.engine.schedules.save(a_schedule("* * * * * *"))

    go_on(world, FIRST + (KEPT_EXECUTIONS + 20) * SECOND)

    kept = [each.scheduled_time for each in executions(world)]
    assert kept == started(world)[-KEPT_EXECUTIONS:]
    assert len(kept) == KEPT_EXECUTIONS


def test_executions_are_found_by_schedule_state_and_time(world: World) -> None:
    world.engine.schedules.save(a_schedule())
    world.engine.schedules.save(a_schedule(name="broken", request={"name": "nothing"}))
    go_on(world, FIRST + MINUTE)

    def names(query: str) -> list[str]:
        return [each.schedule_name for each in executions(world, query)]

    assert names("tick") == ["tick", "tick"]
    assert names("scheduleName IN (tick, broken) AND state IN (FAILED)") == ["broken", "broken"]
    assert sorted(names(f"scheduledTime>{FIRST}")) == ["broken", "tick"]
    assert names(f"scheduledTime < {FIRST}") == []
    assert names("workflowName = flow") == ["tick", "tick"]
    assert names(f"executionId = '{executions(world)[0].execution_id}'") == [
        executions(world)[0].schedule_name
    ]
    for query in ("colour = red", "state = DONE", "scheduledTime > soon", "state < FAILED"):
        with pytest.raises(InvalidRequestError, match="Incorrectly formatted query string"):
            execution_query(query, None, Page())


def test_crowd_is_spread_over_a_second(world: World) -> None:
    for number in range(30):
        world.engine.schedules.save(a_schedule("0 0 0 * * *", name=f"crowd_{number}"))
    midnight = world.engine.schedules.get("crowd_0").next_run_time
    assert midnight is not None
    world.clock.advance((midnight - 30 * SECOND - NOW) / 1000)

    go_on(world, midnight + 2 * SECOND, 10)

    assert started(world) == [midnight] * 30
    late = [each["_executedTime"] - midnight for each in inputs(world)]
    assert min(late) >= 0
    assert max(late) <= SECOND + 10
    assert len(set(late)) > 15


def test_preview_tells_the_next_times(world: World) -> None:
    preview = world.engine.schedules.preview
    cron = CronSchedule(cron_expression="0 * * * * *")
    start, end = FIRST + HOUR, FIRST + HOUR + MINUTE

    assert preview(cron, start=None, end=None, limit=2) == [FIRST, FIRST + MINUTE]
    assert preview(cron, start=start, end=end, limit=5) == [start, end]
    assert len(preview(cron, start=None, end=None, limit=10_000)) == 100


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"cron": "0 61 * * * *"}, "cronExpression"),
        ({"cron": None}, "cronExpression"),
        ({"zoneId": "Mars/Base"}, "zoneId"),
        (
            {"cronSchedules": [{"cronExpression": "@daily"}, {"cronExpression": "x"}]},
            "cronSchedules[1].cronExpression",
        ),
        (
            {"cronSchedules": [{"cronExpression": "@daily", "zoneId": "x"}]},
            "cronSchedules[0].zoneId",
        ),
        ({"name": "acme:nightly"}, "name"),
        ({"name": " "}, "name"),
        ({"name": "n" * 151}, "name"),
        ({"scheduleStartTime": 10, "scheduleEndTime": 5}, "scheduleEndTime"),
        ({"scheduleStartTime": -1}, "scheduleStartTime"),
        ({"request": {"input": {"large": "x" * 300_000}}}, "startWorkflowRequest"),
    ],
)
def test_schedule_that_breaks_a_rule_is_refused(
    world: World, fields: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.engine.schedules.save(a_schedule(**fields))

    (error,) = refused.value.validation_errors
    assert error.path == path
    assert path in error.message
    assert world.engine.schedules.all() == []


def test_definition_in_the_request_is_checked_when_it_is_saved(world: World) -> None:
    broken = {"name": "own", "workflowDef": {"name": "own", "tasks": [{"type": "SWITCH"}]}}

    with pytest.raises(InvalidRequestError):
        world.engine.schedules.save(a_schedule(request=broken))
