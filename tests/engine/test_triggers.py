"""Triggers: what an event or a schedule starts, and that it starts once."""

import pytest

from dalsegno.errors import NotFoundError
from dalsegno.models import StartWorkflowRequest
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.engine.triggers import Trigger
from tests.engine.world import World, simple


def a_trigger(identity: str = "e-1", at: int = 1_700_000_000_000, **request: object) -> Trigger:
    asked = StartWorkflowRequest.model_validate({"name": "flow", **request})
    return Trigger(identity=identity, at=at, request=asked)


def test_a_trigger_starts_a_workflow_that_says_where_it_comes_from(world: World) -> None:
    world.register(simple("a"))

    workflow_id = world.engine.triggers.start(a_trigger(input={"x": 1}, correlationId="c-1"))
    world.pump()

    workflow = world.workflow(workflow_id)
    assert (workflow.input, workflow.correlation_id) == ({"x": 1}, "c-1")
    assert workflow.event == "e-1"
    assert world.task(workflow_id, "a").status == "SCHEDULED"


def test_a_repeated_trigger_starts_nothing(world: World) -> None:
    world.register(simple("a"))
    first = world.engine.triggers.start(a_trigger(input={"x": 1}))
    world.play(first)

    world.clock.advance(86_400)
    again = world.engine.triggers.start(a_trigger(input={"x": 2}))
    world.pump()

    workflow = world.workflow(first)
    assert again == first
    assert (workflow.input, workflow.status) == ({"x": 1}, "COMPLETED")
    assert len(workflow.tasks) == 1


def test_other_identities_and_times_start_other_workflows(world: World) -> None:
    world.register(simple("a"))

    started = {
        world.engine.triggers.start(a_trigger(identity, at))
        for identity in ("e-1", "e-2")
        for at in (1, 2)
    }

    assert len(started) == 4


def test_a_trigger_that_died_before_it_told_the_evaluator_tells_it_again(world: World) -> None:
    world.register(simple("a"))
    workflow_id = world.engine.triggers.start(a_trigger())
    lost = world.ports.queues.receive(
        EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
    )
    world.ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in lost])

    world.engine.triggers.start(a_trigger())
    world.pump()

    assert world.task(workflow_id, "a").status == "SCHEDULED"


def test_a_trigger_for_a_workflow_that_nobody_defined_starts_nothing(world: World) -> None:
    with pytest.raises(NotFoundError, match="name=flow"):
        world.engine.triggers.start(a_trigger())

    world.register(simple("a"))
    assert world.engine.triggers.start(a_trigger())
