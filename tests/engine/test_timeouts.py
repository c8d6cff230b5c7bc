"""The four timeouts of a task, under each policy, and that of the workflow."""

from typing import Any

import pytest

from tests.engine.world import World, done, simple, system, task_of

TIMEOUT = {
    "total": {"totalTimeoutSeconds": 20},
    "task": {"timeoutSeconds": 20, "responseTimeoutSeconds": 20},
    "poll": {"pollTimeoutSeconds": 20},
    "response": {"responseTimeoutSeconds": 20},
}


def overdue(
    world: World, which: str, *, seconds: int = 20, optional: bool = False, **fields: Any
) -> str:
    """Start a workflow of one task, and let one of its timeouts run out; return its id."""
    world.define("a", **{"retryCount": 1, **TIMEOUT[which], **fields})
    world.register(simple("a", optional=optional), simple("z"))
    w = world.start()
    if which in ("task", "response"):
        world.take("a")
    world.advance(seconds)
    return w


@pytest.mark.parametrize("which", ["task", "poll", "response"])
def test_retry_policy_makes_another_attempt(world: World, which: str) -> None:
    w = overdue(world, which, timeoutPolicy="RETRY")

    assert world.trace(w) == ["a:a:TIMED_OUT", "a:a:SCHEDULED"]


def test_total_timeout_leaves_no_time_for_another_attempt(world: World) -> None:
    w = overdue(world, "total", timeoutPolicy="RETRY")

    assert world.trace(w) == ["a:a:TIMED_OUT"]
    assert world.workflow(w).status == "TIMED_OUT"


@pytest.mark.parametrize("which", ["total", "task", "poll", "response"])
def test_nothing_times_out_a_second_early(world: World, which: str) -> None:
    w = overdue(world, which, seconds=19, timeoutPolicy="TIME_OUT_WF")

    assert world.task(w, "a").status in ("SCHEDULED", "IN_PROGRESS")


def test_extended_lease_postpones_the_response_timeout(world: World) -> None:
    world.define("a", retryCount=0, responseTimeoutSeconds=20)
    world.register(simple("a"))
    w = world.start()
    task = world.take("a")

    for _ in range(5):
        world.advance(15)
        world.extend_lease(task)
    assert world.task(w, "a").status == "IN_PROGRESS"

    world.advance(20)
    assert world.task(w, "a").status == "TIMED_OUT"


def test_timeouts_apply_to_tasks_in_loops_and_forks(world: World) -> None:
    world.define("a", retryCount=0, responseTimeoutSeconds=20)
    fork = system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]])
    join = system("JOIN", "j", joinOn=["a", "b"])
    world.register(system("DO_WHILE", "l", loopOver=[fork, join], loopCondition="false"))
    w = world.start()
    world.take("a")

    world.advance(20)

    assert world.task(w, "a__1").status == "TIMED_OUT"
    assert world.workflow(w).status == "TIMED_OUT"


def test_deadline_is_met_even_when_the_workflow_has_slept_for_long(world: World) -> None:
    world.define("b", retryCount=0, responseTimeoutSeconds=20)
    world.register(simple("a"), simple("b"))
    w = world.start()
    for _ in range(100):
        world.advance(6 * 3_600)

    world.report(world.take("a"), done())
    world.take("b")
    world.advance(20)

    assert world.task(w, "b").status == "TIMED_OUT"


# -- the workflow's own -----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [20, 60, 86_400])
def test_workflow_timeout_ends_the_workflow(world: World, seconds: int) -> None:
    world.register(simple("a"), timeoutSeconds=seconds, timeoutPolicy="TIME_OUT_WF")
    w = world.start()
    while world.workflow(w).create_time + (seconds - 60) * 1000 > world.clock.now():
        world.advance(60)
    world.advance(min(seconds, 60) - 1)
    assert world.workflow(w).status == "RUNNING"

    world.advance(1)

    workflow = world.workflow(w)
    assert workflow.status == "TIMED_OUT"
    assert task_of(workflow, "a").status == "CANCELED"
    assert workflow.reason_for_incompletion == (
        f"Workflow timed out after {seconds} seconds. Timeout configured as {seconds} seconds. "
        "Timeout policy configured to TIME_OUT_WF"
    )


def test_workflow_timeout_counts_while_paused(world: World) -> None:
    world.register(simple("a"), timeoutSeconds=20, timeoutPolicy="TIME_OUT_WF")
    w = world.start()
    world.engine.executions.pause(w)

    world.advance(20)

    assert world.workflow(w).status == "TIMED_OUT"


def test_workflow_timeout_counts_anew_from_a_resume(world: World) -> None:
    world.register(simple("a"), timeoutSeconds=20, timeoutPolicy="TIME_OUT_WF")
    w = world.start()
    world.engine.executions.pause(w)
    world.advance(15)
    world.resume(w)

    world.advance(19)
    assert world.workflow(w).status == "RUNNING"

    world.advance(1)
    assert world.workflow(w).status == "TIMED_OUT"


def test_task_timeouts_rest_while_paused(world: World) -> None:
    world.define("a", retryCount=0, responseTimeoutSeconds=20)
    world.register(simple("a"))
    w = world.start()
    world.take("a")
    world.engine.executions.pause(w)

    world.advance(100)
    assert world.task(w, "a").status == "IN_PROGRESS"

    world.resume(w)
    assert world.task(w, "a").status == "TIMED_OUT"
