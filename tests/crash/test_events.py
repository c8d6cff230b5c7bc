"""Whatever call a process dies at, each action of each handler of an event is had once."""

from collections.abc import Callable
from functools import cache

import pytest

from dalsegno.errors import UnavailableError
from dalsegno.models import EventHandler, StartWorkflowRequest, TaskDef, WorkflowDef
from dalsegno_state.engine import EVALUATOR_QUEUE, EVENTS_QUEUE, Engine
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sqlite import open_ports
from tests.clock import ManualClock
from tests.crash.places import all_strikes, sampled_strikes
from tests.crash.ports import Calls, CrashError, dying_ports
from tests.crash.world import Service, the_scripts

EVENT = "sqs:orders"
QUEUES = (EVENTS_QUEUE, EVALUATOR_QUEUE)
_VISIBILITY_SECONDS = 20
_ROUNDS = 50

WAIT = {"name": "wait", "taskReferenceName": "wait", "type": "WAIT"}
WORK = {"name": "work", "taskReferenceName": "work"}
OF_WORK = {"workflowId": "${work}", "taskRefName": "work"}
OF_WAIT = {"workflowId": "${wait}", "taskRefName": "wait", "output": {"n": "${n}"}}
VARIABLES = {"workflowId": "${work}", "variables": {"seen": ["${n}"]}, "appendArray": True}
ACTIONS = [
    {"action": "start_workflow", "start_workflow": {"name": "started", "input": {"n": "${n}"}}},
    {"action": "update_workflow_variables", "update_workflow_variables": VARIABLES},
    {"action": "fail_task", "fail_task": OF_WORK},
    {"action": "complete_task", "complete_task": OF_WAIT},
    {"action": "terminate_workflow", "terminate_workflow": {"workflowId": "${end}"}},
]


class Installation:
    """An engine with handlers, and three workflows that an event concerns."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.clock = ManualClock()
        self.stored = open_ports(None, self.clock)
        self.ports = dying_ports(self.stored, calls)
        self.service = Service({}, self.clock)
        self.quiet = Engine(self.stored, the_scripts(), self.service)
        task_def = {"name": "work", "retryCount": 3, "retryDelaySeconds": 0}
        self.quiet.metadata.create_task_defs([TaskDef.model_validate(task_def)])
        for name, task in (("started", WAIT), ("wait", WAIT), ("end", WAIT), ("work", WORK)):
            definition = {"name": name, "tasks": [task]}
            self.quiet.metadata.create_workflow_def(WorkflowDef.model_validate(definition))
        self.ids = {name: self._start(name) for name in ("wait", "end", "work")}
        handler = {"name": "orders", "event": EVENT, "active": True, "condition": "$.n == 7"}
        other = {**handler, "name": "other", "actions": ACTIONS[:1]}
        handlers = [
            {**handler, "actions": ACTIONS},
            other,
            {**other, "name": "z", "condition": "0"},
        ]
        self.quiet.event_handlers.create([EventHandler.model_validate(each) for each in handlers])
        self.engine = self._new_engine()

    def run(self) -> None:
        """Send the event, then serve all queues until they are empty."""
        event = IncomingEvent(event=EVENT, id="m-1", payload={"n": 7, **self.ids})
        while not self._outlives(lambda: self.engine.event_intake.publish(event)):
            pass
        for _ in range(_ROUNDS):
            while any([self._serve_one(queue) for queue in QUEUES]):
                pass
            self.clock.advance(_VISIBILITY_SECONDS + 1)
            if not any(size.size for size in self.stored.queues.sizes(QUEUES).values()):
                break

    def outcome(self) -> dict[str, object]:
        """Return everything that the event has come to."""
        work = self.quiet.queries.workflow(self.ids["work"], include_tasks=True)
        wait = self.quiet.queries.workflow(self.ids["wait"], include_tasks=True)
        _, started = self.stored.state.search(WorkflowQuery(names=("started",)))
        executions = [
            (each.name, each.id, each.status)
            for name in ("orders", "other", "z")
            for each in self.quiet.event_handlers.executions(name)
        ]
        return {
            "started": len(started),
            "has begun": [
                task.status
                for each in started
                for task in self.quiet.queries.workflow(each.workflow_id, include_tasks=True).tasks
            ],
            "variables": work.variables,
            "attempts": sorted(task.status for task in work.tasks),
            "wait": (wait.status, wait.tasks[0].output_data["n"]),
            "end": self.quiet.queries.workflow(self.ids["end"], include_tasks=False).status,
            "executions": sorted(executions),
        }

    def _start(self, name: str) -> str:
        return self.quiet.executions.start(StartWorkflowRequest(name=name))

    def _serve_one(self, queue: str) -> bool:
        received = self.stored.queues.receive(
            queue, count=1, wait_seconds=0, visibility_seconds=_VISIBILITY_SECONDS
        )
        for message in received:
            if self._outlives(lambda body=message.body: self._work(queue, body)):  # type: ignore[misc]
                self.stored.queues.delete(queue, [message.receipt])
        return bool(received)

    def _work(self, queue: str, body: str) -> None:
        if queue == EVENTS_QUEUE:
            self.engine.take_event(body)
        else:
            self.engine.evaluate(body)

    def _outlives(self, act: Callable[[], object]) -> bool:
        self.calls.begin_act()
        try:
            act()
        except (CrashError, UnavailableError):
            self.engine = self._new_engine()
            return False
        return True

    def _new_engine(self) -> Engine:
        return Engine(self.ports, the_scripts(), self.service)


EXPECTED = {
    "started": 2,
    "has begun": ["IN_PROGRESS", "IN_PROGRESS"],
    "variables": {"seen": [7]},
    "attempts": ["FAILED", "SCHEDULED"],
    "wait": ("COMPLETED", 7),
    "end": "TERMINATED",
    "executions": [
        *(("orders", f"m-1_orders_{index}", "COMPLETED") for index in range(len(ACTIONS))),
        ("other", "m-1_other_0", "COMPLETED"),
        ("z", "m-1_z_0", "SKIPPED"),
    ],
}


@cache
def calm_calls() -> Calls:
    """Return the calls of a run in which nothing dies."""
    calm = Installation(Calls())
    calm.run()
    assert calm.outcome() == EXPECTED
    return calm.calls


@pytest.mark.parametrize("late", [False, True], ids=["early", "late"])
def test_each_action_is_had_once_whatever_call_a_process_dies_at(
    *, late: bool, all_crashes: bool
) -> None:
    faults = []
    for calls in (
        all_strikes(calm_calls()) if all_crashes else sampled_strikes(calm_calls(), late=late)
    ):
        installation = Installation(calls)
        installation.run()
        assert calls.died_at
        if (outcome := installation.outcome()) != EXPECTED:
            faults.append(f"{calls.strikes()}: {outcome}")
        installation.stored.close()

    assert not faults, "\n".join(faults[:10])


def test_run_calls_everything_it_may_die_at() -> None:
    assert set(calm_calls().names) >= {
        "documents.create",
        "documents.replace",
        "documents.get",
        "documents.documents",
        "state.create_workflow",
        "state.commit UpdateWorkflow",
        "state.commit ReplaceTask",
        "queues.send",
    }
