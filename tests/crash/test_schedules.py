"""Whatever call a process dies at, each time of a schedule starts one workflow; none is lost."""

from collections import Counter
from functools import cache
from itertools import count

import pytest

from dalsegno.errors import UnavailableError
from dalsegno.models import WorkflowDef, WorkflowSchedule
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.engine.scheduler import EXECUTION_KIND
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sqlite import open_ports
from tests.builders import NOW
from tests.clock import ManualClock
from tests.crash.places import all_strikes, sampled_strikes
from tests.crash.ports import Calls, CrashError, dying_ports
from tests.crash.world import Service, the_scripts

SECOND = 1000
MINUTE = 60 * SECOND
FIRST = (NOW // MINUTE + 1) * MINUTE
# Every half minute and, on its own, every minute: two runs at each full minute.
CRONS = ("*/30 * * * * *", "0 * * * * *")
END = FIRST + 2 * MINUTE + 15 * SECOND
_VISIBILITY_SECONDS = 20


class Installation:
    """An engine with a schedule, its queue, and a sweeper that comes by each minute.

    Args:
        repeats: A message whose consumer died comes again; else it is gone with it.
    """

    def __init__(self, calls: Calls, *, repeats: bool) -> None:
        self.calls = calls
        self.repeats = repeats
        self.clock = ManualClock()
        self.stored = open_ports(None, self.clock)
        self.ports = dying_ports(self.stored, calls)
        self.service = Service({}, self.clock)
        quiet = Engine(self.stored, the_scripts(), self.service)
        tasks = [{"name": "work", "taskReferenceName": "work"}]
        definition = WorkflowDef.model_validate({"name": "flow", "tasks": tasks})
        quiet.metadata.create_workflow_def(definition)
        self.engine = self._new_engine()

    def run(self) -> None:
        """Save the schedule, then go on until its end and some minutes more."""
        schedule = WorkflowSchedule.model_validate(
            {
                "name": "tick",
                "cronSchedules": [{"cronExpression": cron} for cron in CRONS],
                "scheduleEndTime": END,
                "startWorkflowRequest": {"name": "flow"},
            }
        )
        while not self._outlives(lambda: self.engine.schedules.save(schedule)):
            pass
        for second in count():
            if second % 60 == 0:
                self._outlives(self.engine.scheduler.announce)
            while self._serve_one():
                pass
            if self.clock.now() > END + 8 * MINUTE:  # each of several losses costs a minute
                return
            self.clock.advance(1)

    def started(self) -> list[tuple[int, str]]:
        """Return time and expression of everything that was started."""
        _, found = self.stored.state.search(WorkflowQuery(size=100))
        inputs = [self.stored_input(each.workflow_id) for each in found]
        return sorted((each["_scheduledTime"], each["_schedulerCron"]) for each in inputs)

    def stored_input(self, workflow_id: str) -> dict:  # type: ignore[type-arg]
        workflow = self.stored.state.workflow(workflow_id)
        assert workflow is not None
        return workflow.input

    def remembered(self) -> Counter[str]:
        """Return how often each execution is remembered."""
        records = self.stored.documents.documents(EXECUTION_KIND)
        assert all(each.body["state"] == "EXECUTED" for each in records)
        return Counter(str(each.body["workflowId"]) for each in records)

    def _serve_one(self) -> bool:
        received = self.stored.queues.receive(
            EVALUATOR_QUEUE, count=1, wait_seconds=0, visibility_seconds=_VISIBILITY_SECONDS
        )
        for message in received:
            lives = self._outlives(lambda body=message.body: self.engine.evaluate(body))  # type: ignore[misc]
            if lives or not self.repeats:
                self.stored.queues.delete(EVALUATOR_QUEUE, [message.receipt])
        return bool(received)

    def _outlives(self, act) -> bool:  # type: ignore[no-untyped-def]
        self.calls.begin_act()
        try:
            act()
        except (CrashError, UnavailableError):
            self.engine = self._new_engine()
            return False
        return True

    def _new_engine(self) -> Engine:
        return Engine(self.ports, the_scripts(), self.service)


def expected() -> list[tuple[int, str]]:
    """Return what must be started, and once."""
    first = (NOW // (30 * SECOND) + 1) * 30 * SECOND
    half_minutes = [(at, f"{CRONS[0]} UTC") for at in range(first, END + 1, 30 * SECOND)]
    minutes = [(at, f"{CRONS[1]} UTC") for at in range(FIRST, END + 1, MINUTE)]
    return sorted(half_minutes + minutes)


@cache
def calm_calls() -> Calls:
    """Return the calls of a run in which nothing dies."""
    calm = Installation(Calls(), repeats=True)
    calm.run()
    assert calm.started() == expected()
    assert set(calm.remembered().values()) == {1}
    return calm.calls


@pytest.mark.parametrize("repeats", [True, False], ids=["comes again", "is lost"])
def test_each_time_starts_one_workflow_whatever_call_a_process_dies_at(
    *, repeats: bool, all_crashes: bool
) -> None:
    calm = calm_calls()
    faults = []
    for calls in all_strikes(calm) if all_crashes else sampled_strikes(calm, late=not repeats):
        installation = Installation(calls, repeats=repeats)
        installation.run()
        assert calls.died_at
        if installation.started() != expected():
            faults.append(f"{calls.strikes()}: started {installation.started()}")
        if len(installation.remembered()) != len(expected()):
            faults.append(f"{calls.strikes()}: remembers {installation.remembered()}")
        installation.stored.close()

    assert not faults, "\n".join(faults[:10])


def test_run_that_the_store_is_not_there_for_is_made_later() -> None:
    calls = Calls()
    refused: list[str] = []

    def refuse_once() -> None:
        if calls.names[-1] == "state.create_workflow" and not refused:
            refused.append(calls.names[-1])
            raise UnavailableError("too busy")

    calls.interrupt = refuse_once
    installation = Installation(calls, repeats=True)
    installation.run()

    assert refused
    assert installation.started() == expected()
    assert len(installation.remembered()) == len(expected())


def test_run_calls_everything_it_may_die_at() -> None:
    assert set(calm_calls().names) >= {
        "documents.create",
        "documents.replace",
        "documents.put",
        "documents.get",
        "documents.documents",
        "state.create_workflow",
        "queues.send",
    }
