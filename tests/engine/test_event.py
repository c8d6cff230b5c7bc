"""EVENT: publish a message."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError, UnavailableError
from dalsegno_state.engine.effects.absent import no_services
from dalsegno_state.ports import Message, OutgoingEvent, ServiceCallError
from dalsegno_state.tasks.event import Sink, parse_sink
from tests.engine.world import Definition, World, done, simple, system, task_of, trace


def an_event(sink: Any = "conductor", **fields: Any) -> Definition:
    return {**system("EVENT", "e", {"n": "${workflow.input.n}"}), "sink": sink, **fields}


def the_payload(w: str, sink: str) -> dict[str, Any]:
    return {
        "n": 7,
        "sink": sink,
        "workflowInstanceId": w,
        "workflowType": "flow",
        "workflowVersion": 1,
        "correlationId": "c",
        "taskToDomain": {},
    }


@pytest.mark.parametrize(
    ("sink", "event"),
    [("conductor", "conductor:flow:e"), ("conductor:paid", "conductor:flow:paid")],
)
def test_event_for_event_handlers(world: World, sink: str, event: str) -> None:
    world.register(an_event(sink), simple("z", inputParameters={"e": "${e.output.event_produced}"}))

    w = world.start(inputs={"n": 7}, correlationId="c")

    task = world.task(w, "e")
    payload = the_payload(w, sink)
    assert world.events() == [{"event": event, "id": task.task_id, "payload": payload}]
    assert (task.status, task.output_data) == ("COMPLETED", {**payload, "event_produced": event})
    assert world.task(w, "z").input_data == {"e": event}


@pytest.mark.parametrize(
    ("sink", "service", "target", "kind"),
    [
        ("sqs:orders", "sqs", "orders", "flow:e"),
        ("sns:${workflow.input.topic}", "sns", "paid", "flow:e"),
        ("eventbridge:default:Paid", "eventbridge", "default", "Paid"),
    ],
)
def test_event_for_the_outside(
    world: World, sink: str, service: str, target: str, kind: str
) -> None:
    world.register(an_event(sink))

    w = world.start(inputs={"n": 7, "topic": "paid"}, correlationId="c")

    evaluated = sink.replace("${workflow.input.topic}", "paid")
    assert world.services.published == [
        OutgoingEvent(
            id=world.task(w, "e").task_id,
            service=service,
            target=target,
            kind=kind,
            group=w,
            body=the_payload(w, evaluated),
        )
    ]
    assert world.task(w, "e").output_data["event_produced"] == evaluated


def test_repeated_message_publishes_nothing_more(world: World) -> None:
    workflow = world.run(an_event(), simple("z"))

    world.ports.queues.send([Message(queue="_system", body=workflow.tasks[0].task_id)])
    world.pump()

    assert len(world.events()) == 1


@pytest.mark.parametrize("by_input", [True, False])
def test_async_event_is_published_once_and_completed_from_outside(
    world: World, by_input: bool
) -> None:
    world.define("e", responseTimeoutSeconds=5)
    event = an_event() if by_input else an_event(asyncComplete=True)
    if by_input:
        event["inputParameters"]["asyncComplete"] = True
    world.register(event)
    w = world.start()
    for _ in range(10):
        world.advance(600)
    world.ports.queues.send([Message(queue="_system", body=world.task(w, "e").task_id)])
    world.pump()
    assert (world.trace(w), len(world.events())) == (["EVENT:e:IN_PROGRESS"], 1)

    world.tell(w, "e", done(seen=True))

    assert world.workflow(w).status == "COMPLETED"


@pytest.mark.parametrize(("is_final", "attempts"), [(True, 1), (False, 2)])
def test_refusal_is_a_failure(world: World, is_final: bool, attempts: int) -> None:
    world.define("e", retryCount=1)
    refusal = ServiceCallError("no such queue", is_final=is_final)
    world.services.refusals = [refusal, refusal]

    workflow = world.run(an_event("sqs:orders"))

    assert (workflow.status, len(workflow.tasks)) == ("FAILED", attempts)
    reason = workflow.tasks[0].reason_for_incompletion
    assert reason == "Failed to publish to sqs:orders: no such queue"


def test_busy_service_is_asked_again(world: World) -> None:
    world.services.refusals = [UnavailableError("busy")]
    world.register(an_event("sns:topic"))
    with pytest.raises(UnavailableError):
        world.start()

    world.advance(31)  # the message comes again, and finds that somebody may be at it
    world.advance(60)

    assert len(world.services.published) == 1


def test_event_that_is_too_long_fails_for_good(world: World) -> None:
    workflow = world.run(an_event(), inputs={"n": "x" * 300_000})

    assert trace(workflow) == ["EVENT:e:FAILED_WITH_TERMINAL_ERROR"]


def test_sink_from_an_expression_that_leads_nowhere_fails(world: World) -> None:
    workflow = world.run(an_event("${workflow.input.sink}"), inputs={"sink": "pigeon:north"})

    assert trace(workflow) == ["EVENT:e:FAILED"]
    reason = str(workflow.tasks[0].reason_for_incompletion)
    assert reason.startswith("Invalid / Unsupported sink specified: pigeon:north")


@pytest.mark.parametrize("sink", ["", "pigeon:north", "conductors", "conductor:", "sqs", "kafka:t"])
def test_unknown_sink_is_refused_at_registration_with_those_that_are_known(
    world: World, sink: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(an_event(sink))

    message = refused.value.validation_errors[0].message
    assert "sink field is required" in message if not sink else "sns:topic" in message


def test_bus_may_be_an_address() -> None:
    arn = "arn:aws:events:eu-west-1:123456789012:event-bus/shop"

    assert parse_sink(f"eventbridge:{arn}:Paid") == Sink("eventbridge", arn, "Paid")
    assert parse_sink(f"eventbridge:{arn}") == Sink("eventbridge", arn)
    assert parse_sink("sns:arn:aws:sns:eu-west-1:123456789012:t").target.endswith(":t")


def test_without_aws_its_sinks_say_what_is_missing() -> None:
    event = OutgoingEvent(id="1", service="sqs", target="q", kind="k", group="g", body={})

    with pytest.raises(ServiceCallError, match="sqs needs AWS: set AWS_REGION"):
        no_services().events.publish(event)


def test_failed_event_does_not_hold_up_its_retry(world: World) -> None:
    world.define("e", retryCount=1, retryDelaySeconds=30)
    world.services.refusals = [ServiceCallError("not now")]
    world.register(an_event("sqs:orders"))
    w = world.start()

    world.advance(30)

    assert [task.status for task in world.workflow(w).tasks] == ["FAILED", "COMPLETED"]
    assert task_of(world.workflow(w), "e").retry_count == 1
