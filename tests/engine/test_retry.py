"""Retries: how often, when, and with what."""

from dalsegno.models import Task
from tests.engine.world import (
    Work,
    World,
    fails,
    simple,
    task_of,
    trace,
)


def test_new_attempt_starts_afresh_but_remembers_why(world: World) -> None:
    world.define("a", retryCount=1, retryDelaySeconds=5)
    world.register(simple("a", inputParameters={"x": 1}))
    w = world.start()

    world.report(world.take("a"), Work("FAILED", {"partial": True}, "no luck"))

    old, new = world.workflow(w).tasks
    assert (old.output_data, old.reason_for_incompletion) == ({"partial": True}, "no luck")
    assert (new.output_data, new.reason_for_incompletion) == ({}, "no luck")
    assert (new.retried_task_id, new.retry_count, new.poll_count) == (old.task_id, 1, 0)
    assert (new.start_time, new.worker_id, new.input_data) == (0, None, {"x": 1})
    assert (new.start_delay_in_seconds, new.callback_after_seconds) == (5, 5)
    assert new.task_id != old.task_id


def test_new_attempt_is_to_be_had_after_its_delay(world: World) -> None:
    world.define("a", retryCount=1, retryDelaySeconds=5)
    world.register(simple("a"))
    world.start()
    world.report(world.take("a"), fails())

    world.advance(4)
    assert world.poll("a") == []

    world.advance(1)
    assert world.take("a").retry_count == 1


def test_embedded_definition_wins(world: World) -> None:
    world.define("a", retryCount=5)
    embedded = {"name": "a", "retryCount": 1, "retryDelaySeconds": 0}

    workflow = world.run(simple("a", taskDefinition=embedded), workers={"a": fails()})

    assert trace(workflow) == ["a:a:FAILED"] * 2


def test_workflow_says_which_task_failed_and_why(world: World) -> None:
    world.define("a", retryCount=0)

    workflow = world.run(simple("a"), workers={"a": fails("no luck")})

    task_id = task_of(workflow, "a").task_id
    reason = f"Task {task_id} failed with status: FAILED and reason: 'no luck'"
    assert workflow.reason_for_incompletion == reason
    assert workflow.failed_reference_task_names == ["a"]
    assert list(workflow.failed_task_names) == ["a"]


def test_retry_goes_to_the_domain_that_is_polled_now(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(simple("a"))
    world.poll("a", "east")
    w = world.start(taskToDomain={"a": "east,west"})
    task: Task = world.take("a", "east")
    assert task.domain == "east"
    world.clock.advance(60)
    world.poll("a", "west")

    world.report(task, fails())

    assert world.task(w, "a").domain == "west"
    assert world.take("a", "west").retry_count == 1
