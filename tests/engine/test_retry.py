"""Retries: how often, when, and with what."""

from typing import Any

import pytest

from dalsegno.models import Task
from tests.engine.world import (
    Work,
    World,
    done,
    fails,
    fails_for_good,
    simple,
    task_of,
    trace,
)


def delays(world: World, tries: int, **definition: Any) -> list[int]:
    """Return the milliseconds between each failure and when the next attempt is to be had."""
    world.define("a", retryCount=tries, **definition)
    world.register(simple("a"))
    w = world.start()
    found = []
    for _ in range(tries):
        world.report(world.take("a"), fails())
        attempt = world.ports.state.tasks(w, ["a"])["a"]
        assert attempt.wait_until is not None
        found.append(attempt.wait_until - world.clock.now())
        world.advance(found[-1] / 1000)
    return found


@pytest.mark.parametrize(
    ("logic", "scale", "cap", "seconds"),
    [
        ("FIXED", 1, 0, [5, 5, 5, 5]),
        ("FIXED", 3, 0, [5, 5, 5, 5]),
        ("FIXED", 1, 2, [2, 2, 2, 2]),
        ("LINEAR_BACKOFF", 1, 0, [5, 10, 15, 20]),
        ("LINEAR_BACKOFF", 2, 0, [10, 20, 30, 40]),
        ("LINEAR_BACKOFF", 2, 25, [10, 20, 25, 25]),
        ("EXPONENTIAL_BACKOFF", 1, 0, [5, 10, 20, 40]),
        ("EXPONENTIAL_BACKOFF", 3, 0, [5, 10, 20, 40]),
        ("EXPONENTIAL_BACKOFF", 1, 12, [5, 10, 12, 12]),
    ],
)
def test_delay(world: World, logic: str, scale: int, cap: int, seconds: list[int]) -> None:
    found = delays(
        world,
        4,
        retryLogic=logic,
        retryDelaySeconds=5,
        backoffScaleFactor=scale,
        maxRetryDelaySeconds=cap,
    )

    assert found == [1000 * each for each in seconds]


def test_jitter_stays_within_its_bounds_and_differs(world: World) -> None:
    found = delays(world, 20, retryDelaySeconds=5, backoffJitterMs=1_000)

    assert all(5_000 <= each <= 6_000 for each in found)
    assert len(set(found)) > 10


def test_overflowing_delay_is_cut_to_the_longest_int(world: World) -> None:
    found = delays(
        world, 1, retryLogic="LINEAR_BACKOFF", retryDelaySeconds=2**30, backoffScaleFactor=4
    )

    assert found == [1000 * (2**31 - 1)]


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


def test_input_is_evaluated_again_over_the_old_one(world: World) -> None:
    world.define("a", retryCount=1)
    inputs = {"me": "${CPEWF_TASK_ID}", "n": "${workflow.variables.n}"}
    world.register(simple("a", inputParameters=inputs))
    w = world.start()

    world.report(world.take("a"), fails())

    old, new = world.workflow(w).tasks
    assert old.input_data == {"me": old.task_id, "n": None}
    assert new.input_data == {"me": new.task_id, "n": None}


def test_count_of_the_workflow_task_wins(world: World) -> None:
    world.define("a", retryCount=5)

    workflow = world.run(simple("a", retryCount=1), workers={"a": fails()})

    assert trace(workflow) == ["a:a:FAILED"] * 2


def test_count_of_the_workflow_task_may_be_none_at_all(world: World) -> None:
    world.define("a", retryCount=5)

    workflow = world.run(simple("a", retryCount=0), workers={"a": fails()})

    assert trace(workflow) == ["a:a:FAILED"]


def test_embedded_definition_wins(world: World) -> None:
    world.define("a", retryCount=5)
    embedded = {"name": "a", "retryCount": 1, "retryDelaySeconds": 0}

    workflow = world.run(simple("a", taskDefinition=embedded), workers={"a": fails()})

    assert trace(workflow) == ["a:a:FAILED"] * 2


@pytest.mark.parametrize(
    ("work", "status"),
    [(fails_for_good("no"), "FAILED"), (Work("CANCELED", reason="no"), "TERMINATED")],
)
def test_some_ends_are_never_retried(world: World, work: Work, status: str) -> None:
    world.define("a", retryCount=5)

    workflow = world.run(simple("a"), workers={"a": work})

    assert trace(workflow) == [f"a:a:{work.status}"]
    assert workflow.status == status


def test_optional_task_that_fails_for_good_is_passed_over(world: World) -> None:
    workflow = world.run(
        simple("a", optional=True), simple("z"), workers={"a": fails_for_good("no")}
    )

    assert trace(workflow) == ["a:a:COMPLETED_WITH_ERRORS", "z:z:COMPLETED"]
    assert workflow.status == "COMPLETED"


def test_optional_task_is_retried_first(world: World) -> None:
    world.define("a", retryCount=1)

    workflow = world.run(simple("a", optional=True), workers={"a": fails()})

    assert trace(workflow) == ["a:a:FAILED", "a:a:COMPLETED_WITH_ERRORS"]


def test_workflow_says_which_task_failed_and_why(world: World) -> None:
    world.define("a", retryCount=0)

    workflow = world.run(simple("a"), workers={"a": fails("no luck")})

    task_id = task_of(workflow, "a").task_id
    reason = f"Task {task_id} failed with status: FAILED and reason: 'no luck'"
    assert workflow.reason_for_incompletion == reason
    assert workflow.failed_reference_task_names == ["a"]
    assert list(workflow.failed_task_names) == ["a"]


def test_output_of_a_failed_workflow_is_computed_all_the_same(world: World) -> None:
    world.define("b", retryCount=0)

    workflow = world.run(
        simple("a"),
        simple("b"),
        workers={"a": done(x=1), "b": fails()},
        outputParameters={"x": "${a.output.x}", "y": "${b.output.y}"},
    )

    assert workflow.output == {"x": 1, "y": None}


@pytest.mark.parametrize("optional", [False, True])
def test_total_time_ends_the_retries(world: World, optional: bool) -> None:
    world.define("a", retryCount=10, retryDelaySeconds=30, totalTimeoutSeconds=60)
    world.register(simple("a", optional=optional))
    w = world.start()
    world.report(world.take("a"), fails())
    world.advance(30)
    late = world.take("a")
    world.clock.advance(31)

    world.report(late, fails())

    workflow = world.workflow(w)
    assert workflow.status == "FAILED"
    assert "exceeded total timeout of 60 seconds (elapsed 61 seconds across all attempts" in str(
        workflow.reason_for_incompletion
    )


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
