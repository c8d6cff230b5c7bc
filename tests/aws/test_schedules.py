"""Schedules in DynamoDB, their messages in SQS."""

import pytest

from bench import definitions
from bench.metered import MeteredWorld
from dalsegno.models import WorkflowDef, WorkflowSchedule
from dalsegno_state.aws import AwsPorts
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.schedule_search import Page, execution_query
from tests.builders import NOW
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

MINUTE = 60_000
FIRST = (NOW // MINUTE + 1) * MINUTE


@pytest.fixture
def engine(ports: AwsPorts, scripts: SandboxedScripts) -> Engine:
    engine = Engine(ports, scripts, ScriptedHttp())
    tasks = [{"name": "work", "taskReferenceName": "work"}]
    engine.metadata.create_workflow_def(
        WorkflowDef.model_validate({"name": "flow", "tasks": tasks})
    )
    return engine


def a_schedule(**fields: object) -> WorkflowSchedule:
    request = {"name": "flow", "input": {"keep": None}}
    given = {"name": "nightly/büro", "cronExpression": "0 * * * * *", **fields}
    return WorkflowSchedule.model_validate({**given, "startWorkflowRequest": request})


def pump(engine: Engine, ports: AwsPorts) -> None:
    while received := ports.queues.receive(
        EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
    ):
        for message in received:
            engine.evaluate(message.body)
        ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in received])


def test_schedule_runs_once_and_is_remembered_under_any_name(
    engine: Engine, ports: AwsPorts, clock: ManualClock
) -> None:
    saved = engine.schedules.save(a_schedule())
    for _ in range(2):
        clock.advance((FIRST - clock.now()) / 1000)
        engine.scheduler.announce()
        engine.scheduler.announce()
        pump(engine, ports)

    _, (workflow,) = ports.state.search(WorkflowQuery(names=("flow",)))
    query = execution_query(f"scheduleName = '{saved.name}'", None, Page())
    (execution,) = engine.schedules.executions(query).results
    assert workflow.input["keep"] is None
    assert workflow.input["_scheduledTime"] == execution.scheduled_time == FIRST
    assert execution.workflow_id == workflow.workflow_id
    assert engine.schedules.get(saved.name).next_run_time == FIRST + MINUTE


def test_paused_schedules_and_all_of_them_start_nothing(
    engine: Engine, ports: AwsPorts, clock: ManualClock
) -> None:
    engine.schedules.save(a_schedule())
    engine.schedules.save(a_schedule(name="other", paused=True))
    engine.schedules.pause_all()
    clock.advance(120)
    assert engine.scheduler.announce() == []
    pump(engine, ports)
    assert ports.state.search(WorkflowQuery(names=("flow",)))[0] == 0

    engine.schedules.resume_all()
    engine.schedules.resume("other")

    assert len(engine.scheduler.announce()) == 2
    assert {each.name for each in engine.schedules.all()} == {"nightly/büro", "other"}


def test_run_takes_two_write_units_beside_the_workflow_it_starts(metered: MeteredWorld) -> None:
    metered.register(definitions.chain("flow", ["work"]))
    metered.engine.schedules.save(a_schedule())
    metered.start("flow", {})  # what is written once per process and definition
    started = metered.usage_of(lambda: metered.start("flow", {}))
    sleeping = metered.usage_of(metered.engine.scheduler.announce)
    usages = []
    for number in range(3):
        metered.clock.at = FIRST + number * MINUTE
        metered.engine.scheduler.announce()
        usages.append(metered.usage_of(metered.evaluate))

    assert sleeping.write_units == 0
    assert sleeping.read_units == 2
    assert usages[-1].write_units == started.write_units + 2
