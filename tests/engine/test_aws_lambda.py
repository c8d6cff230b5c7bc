"""AWS_LAMBDA: have a Lambda function do the work."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno_state.engine.effects.absent import no_services
from dalsegno_state.ports import Message, ServiceCallError
from tests.engine.world import Definition, World, done, system, trace


def a_call(**inputs: Any) -> Definition:
    return system("AWS_LAMBDA", "f", {"functionName": "charge", "amount": 5, **inputs})


def test_function_gets_the_task_and_its_result_completes_it(world: World) -> None:
    world.register(a_call())

    w = world.start()

    task = world.task(w, "f")
    ((name, event),) = world.services.invoked
    assert (name, task.status) == ("charge", "IN_PROGRESS")
    assert event["inputData"] == {"functionName": "charge", "amount": 5}
    assert (event["taskId"], event["workflowInstanceId"]) == (task.task_id, w)

    world.report(task, done(paid=True))
    assert (world.workflow(w).status, world.task(w, "f").output_data) == (
        "COMPLETED",
        {"paid": True},
    )


def test_function_is_invoked_once_however_often_it_is_looked_at(world: World) -> None:
    world.define("f", responseTimeoutSeconds=100_000)
    world.register(a_call())
    w = world.start()

    for _ in range(10):
        world.ports.queues.send([Message(queue="_system", body=world.task(w, "f").task_id)])
        world.advance(600)

    assert len(world.services.invoked) == 1


def test_lost_result_is_asked_for_again_by_a_new_attempt(world: World) -> None:
    world.register(a_call())  # without a definition: as any worker's task
    w = world.start()

    world.advance(3_600)
    world.advance(60)

    assert world.trace(w) == ["AWS_LAMBDA:f:TIMED_OUT", "AWS_LAMBDA:f:IN_PROGRESS"]
    first, second = (event["taskId"] for _, event in world.services.invoked)
    assert first != second


def test_result_of_an_attempt_that_was_given_up_changes_nothing(world: World) -> None:
    world.define("f", retryCount=1, responseTimeoutSeconds=10)
    world.register(a_call())
    w = world.start()
    first = world.task(w, "f")
    world.advance(10)

    world.report(first, done(late=True))

    assert world.trace(w) == ["AWS_LAMBDA:f:TIMED_OUT", "AWS_LAMBDA:f:IN_PROGRESS"]


def test_result_may_come_before_the_call_is_told_of(world: World) -> None:
    world.register(a_call())
    invoke = world.services.invoke

    def answer_at_once(function: str, payload: bytes) -> None:
        invoke(function, payload)
        task_id = str(world.services.invoked[-1][1]["taskId"])
        world.report(world.engine.tasks.get(task_id), done(quick=True))

    world.services.invoke = answer_at_once  # type: ignore[method-assign]

    assert world.task(world.start(), "f").output_data == {"quick": True}


def test_function_that_cannot_be_invoked_is_a_failure(world: World) -> None:
    world.services.refusals = [ServiceCallError("no such function", is_final=True)]

    workflow = world.run(a_call())

    assert trace(workflow) == ["AWS_LAMBDA:f:FAILED_WITH_TERMINAL_ERROR"]
    assert workflow.tasks[0].reason_for_incompletion == "Failed to invoke charge: no such function"


def test_secrets_stay_named(world: World) -> None:
    world.ports.secrets.put_secret("KEY", "s3cret")

    world.run(a_call(key="${workflow.secrets.KEY}"))

    assert "s3cret" not in str(world.services.invoked)


def test_function_must_be_named(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(system("AWS_LAMBDA", "f"))

    assert "inputParameters.functionName" in refused.value.validation_errors[0].message


def test_without_aws_it_says_what_to_do() -> None:
    with pytest.raises(ServiceCallError, match="do the work in a worker"):
        no_services().functions.invoke("charge", b"{}")
