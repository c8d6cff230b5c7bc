"""What a schedule runs, through pauses and changes, is what its expressions mean."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalsegno.models import WorkflowDef, WorkflowSchedule
from dalsegno_state.cron import parse
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.sqlite import open_ports
from dalsegno_state.zoned import next_after, zone_of
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

SECOND = 1000
SECONDS = 400
# Shortly before clocks are put on in Madrid, put back there, and both at once nowhere.
STARTS = (1_774_745_900_000, 1_792_889_900_000, 1_800_000_000_000)
CRONS = (
    "*/7 * * * * *",
    "0 * * * * *",
    "30 */2 * * * *",
    "0,13 0-30/3 0-22 * * *",
    "15 * 1-3 * * *",
    "0 0 0 1 1 *",
)
ZONES = ("UTC", "Europe/Madrid", "Asia/Kathmandu")


@pytest.fixture(scope="module")
def scripts() -> Iterator[SandboxedScripts]:
    sandbox = SandboxedScripts()
    yield sandbox
    sandbox.close()


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from(STARTS),
    crons=st.lists(
        st.tuples(st.sampled_from(CRONS), st.sampled_from(ZONES)),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    turns=st.lists(st.integers(1, SECONDS - 1), max_size=4, unique=True).map(sorted),
    saves=st.sets(st.integers(1, SECONDS - 1), max_size=3),
    catches_up=st.booleans(),
)
def test_times_run_are_those_the_expressions_mean(
    scripts: SandboxedScripts,
    start: int,
    crons: list[tuple[str, str]],
    turns: list[int],
    saves: set[int],
    catches_up: bool,
) -> None:
    clock = ManualClock(start)
    ports = open_ports(None, clock)
    engine = Engine(ports, scripts, ScriptedHttp())
    tasks = [{"name": "work", "taskReferenceName": "work"}]
    engine.metadata.create_workflow_def(
        WorkflowDef.model_validate({"name": "flow", "tasks": tasks})
    )
    schedule = WorkflowSchedule.model_validate(
        {
            "name": "drawn",
            "cronSchedules": [{"cronExpression": cron, "zoneId": zone} for cron, zone in crons],
            "runCatchupScheduleInstances": catches_up,
            "startWorkflowRequest": {"name": "flow"},
        }
    )
    engine.schedules.save(schedule)
    paused_since, missed = None, list[tuple[int, int]]()

    for second in range(1, SECONDS + 1):
        clock.advance(1)
        if second % 60 == 0:
            engine.scheduler.announce()
        pump(engine, ports)
        if second in saves:
            engine.schedules.save(schedule.model_copy(update={"paused": paused_since is not None}))
        if second in turns and paused_since is None:
            engine.schedules.pause("drawn")
            paused_since = clock.now()
        elif second in turns and paused_since is not None:
            engine.schedules.resume("drawn")
            missed.append((paused_since, clock.now()))
            paused_since = None
        pump(engine, ports)
    if paused_since is not None:
        missed.append((paused_since, clock.now()))

    is_over = [] if catches_up and paused_since is None else missed
    is_over = missed[-1:] if catches_up and paused_since is not None else is_over
    expected = sorted(
        (at, f"{cron} {zone}")
        for cron, zone in crons
        for at in meant(cron, zone, start, clock.now())
        if not any(begin < at <= end for begin, end in is_over)
    )
    _, found = ports.state.search(WorkflowQuery(size=1000))
    started = sorted((each.input["_scheduledTime"], each.input["_schedulerCron"]) for each in found)
    ports.close()
    assert started == expected


def pump(engine: Engine, ports) -> None:  # type: ignore[no-untyped-def]
    while received := ports.queues.receive(
        EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
    ):
        for message in received:
            engine.evaluate(message.body)
        ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in received])


def meant(cron: str, zone: str, after: int, until: int) -> Iterator[int]:
    """Yield what an expression means later than one time and up to another."""
    at = next_after(parse(cron), zone_of(zone), after)
    while at is not None and at <= until:
        yield at
        at = next_after(parse(cron), zone_of(zone), at)
