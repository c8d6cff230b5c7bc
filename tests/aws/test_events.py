"""Events on DynamoDB and SQS: each action once, whatever is already stored."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto import mock_aws

from dalsegno.models import EventHandler, WorkflowDef
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.event_publisher import AwsEventPublisher
from dalsegno_state.engine import EVENTS_QUEUE, Engine
from dalsegno_state.engine.effects.absent import no_services
from dalsegno_state.engine.event_intake import UnmatchedEventError
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.sandbox import SandboxedScripts
from tests.aws.deployment import deployed
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

EVENT = "sqs:orders"


@pytest.fixture
def ports() -> Iterator[AwsPorts]:
    with mock_aws(), deployed("events", ManualClock(), None) as ports:
        yield ports


@pytest.fixture
def engine(ports: AwsPorts, scripts: SandboxedScripts) -> Engine:
    engine = Engine(ports, scripts, ScriptedHttp())
    step = {"name": "step", "taskReferenceName": "step"}
    definition = {"name": "order", "version": 1, "tasks": [step]}
    engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition), overwrite=True)
    return engine


def test_bus_is_told_of_own_events_and_nobody_else_need_be_there(
    ports: AwsPorts, admin: Clients, scripts: SandboxedScripts
) -> None:
    bus_arn = admin.events.create_event_bus(Name="company")["EventBusArn"]
    queue_url = admin.sqs.create_queue(QueueName="heard")["QueueUrl"]
    admin.events.put_rule(
        Name="all", EventBusName="company", EventPattern='{"source": ["dalsegno"]}'
    )
    target = {"Id": "heard", "Arn": "arn:aws:sqs:us-east-1:123456789012:heard"}
    admin.events.put_targets(Rule="all", EventBusName="company", Targets=[target])
    services = replace(no_services(), events=AwsEventPublisher(admin), event_bus=bus_arn)
    engine = Engine(ports, scripts, ScriptedHttp(), services=services)
    event = IncomingEvent(event="conductor:order:shipped", id="w1/7/COMPLETED", payload={"n": 7})

    engine.take_event(event.encode())

    (heard,) = admin.sqs.receive_message(QueueUrl=queue_url)["Messages"]
    told = json.loads(heard["Body"])
    assert told["detail-type"] == "conductor:order:shipped"
    assert told["detail"] == {
        "event": "conductor:order:shipped",
        "id": "w1/7/COMPLETED",
        "payload": {"n": 7},
    }


def test_event_that_comes_twice_starts_one_workflow(engine: Engine, ports: AwsPorts) -> None:
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
