"""Events on DynamoDB and SQS: each action once, whatever is already stored."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from dalsegno.models import EventHandler, WorkflowDef
from dalsegno_state.engine import EVENTS_QUEUE, Engine
from dalsegno_state.engine.event_intake import UnmatchedEventError
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import Ports, WorkflowQuery
from dalsegno_state.sandbox import SandboxedScripts
from tests.aws.deployment import deployed
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

EVENT = "sqs:orders"


@pytest.fixture
def ports() -> Iterator[Ports]:
    with mock_aws(), deployed("events", ManualClock(), None) as ports:
        yield ports


@pytest.fixture
def engine(ports: Ports, scripts: SandboxedScripts) -> Engine:
    engine = Engine(ports, scripts, ScriptedHttp())
    step = {"name": "step", "taskReferenceName": "step"}
    definition = {"name": "order", "version": 1, "tasks": [step]}
    engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition), overwrite=True)
    return engine


def test_event_that_comes_twice_starts_one_workflow(engine: Engine, ports: Ports) -> None:
    start = {
        "action": "start_workflow",
        "start_workflow": {"name": "order", "input": {"n": "${n}"}},
    }
    handler = {"name": "a/b c", "event": EVENT, "active": True, "actions": [start]}
    engine.event_handlers.create([EventHandler.model_validate(handler)])
    event = IncomingEvent(event=EVENT, id="m/1", payload={"n": 7})

    for _ in range(2):
        engine.event_intake.publish(event)
        (message,) = ports.queues.receive(
            EVENTS_QUEUE, count=1, wait_seconds=0, visibility_seconds=30
        )
        engine.take_event(message.body)
        ports.queues.delete(EVENTS_QUEUE, [message.receipt])

    (execution,) = engine.event_handlers.executions("a/b c")
    workflow = engine.queries.workflow(str(execution.output["workflowId"]), include_tasks=False)
    assert (execution.status, workflow.input["n"]) == ("COMPLETED", 7)
    assert ports.state.search(WorkflowQuery(names=("order",)))[0] == 1


def test_event_without_a_handler_stays_for_the_dead_letters(engine: Engine) -> None:
    event = IncomingEvent(event=EVENT, id="m-1", payload={"n": 7})

    with pytest.raises(UnmatchedEventError):
        engine.take_event(event.encode())

    (message,) = engine.event_handlers.messages(EVENT)
    assert message.full_payload == {"n": 7}
