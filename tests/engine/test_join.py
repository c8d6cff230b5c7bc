"""JOIN: wait for the branches of a fork, and end as they did."""

from typing import Any

import pytest

from tests.engine.world import (
    Definition,
    World,
    done,
    fails,
    fails_for_good,
    simple,
    system,
    task_of,
)


def a_fork(a: Definition, b: Definition, *behind: Definition) -> tuple[Definition, ...]:
    return (
        system("FORK_JOIN", "f", forkTasks=[[a], [b]]),
        system("JOIN", "j", joinOn=["a", "b"]),
        *behind,
    )


def test_empty_outputs_are_left_out(world: World) -> None:
    workflow = world.run(*a_fork(simple("a"), simple("b")), workers={"a": done(), "b": done(x=1)})

    assert task_of(workflow, "j").output_data == {"b": {"x": 1}}


def test_output_shows_what_has_ended_so_far(world: World) -> None:
    world.register(*a_fork(simple("a"), simple("b")))
    w = world.start()

    world.report(world.take("a"), done(x=1))

    assert world.task(w, "j").output_data == {"a": {"x": 1}}


def test_joined_outputs_can_be_read_by_path(world: World) -> None:
    behind = simple("z", inputParameters={"x": "${j.output.a.x}", "all": "${j.output}"})

    workflow = world.run(
        *a_fork(simple("a"), simple("b"), behind), workers={"a": done(x=1), "b": done()}
    )

    assert task_of(workflow, "z").input_data == {"x": 1, "all": {"a": {"x": 1}}}


def test_optional_failure_completes_the_join_with_errors(world: World) -> None:
    optional = simple("a", optional=True)

    workflow = world.run(
        *a_fork(optional, simple("b"), simple("z")), workers={"a": fails_for_good("no luck")}
    )

    join = task_of(workflow, "j")
    assert task_of(workflow, "a").status == "COMPLETED_WITH_ERRORS"
    assert join.status == "COMPLETED_WITH_ERRORS"
    assert "completed with errors" in str(join.reason_for_incompletion)
    assert (task_of(workflow, "z").status, workflow.status) == ("COMPLETED", "COMPLETED")


def test_failure_ends_the_workflow_at_once(world: World) -> None:
    world.register(*a_fork(simple("a"), simple("b")))
    w = world.start()

    world.report(world.take("a"), fails_for_good("no luck"))

    assert world.workflow(w).status == "FAILED"
    assert world.task(w, "b").status == "CANCELED"
    assert world.task(w, "j").status == "CANCELED"


def test_permissive_failure_waits_for_the_others_then_fails_the_join(world: World) -> None:
    world.register(*a_fork(simple("a", permissive=True), simple("b"), simple("z")))
    w = world.start()

    world.report(world.take("a"), fails_for_good("no luck"))
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(world.take("b"), done(x=1))
    workflow = world.workflow(w)
    join = task_of(workflow, "j")
    assert (join.status, join.reason_for_incompletion) == ("FAILED", "no luck")
    assert join.output_data == {"b": {"x": 1}}
    assert workflow.status == "FAILED"


def test_join_is_canceled_if_all_bad_members_were(world: World) -> None:
    world.register(simple("k"), name="child")
    sub = system("SUB_WORKFLOW", "a", subWorkflowParam={"name": "child"}, permissive=True)
    world.register(*a_fork(sub, simple("b")))
    w = world.start()

    world.terminate(world.child(w, "a").workflow_id, "stop")
    world.play(w)

    assert world.task(w, "a").status == "CANCELED"
    assert world.task(w, "j").status == "CANCELED"
    assert world.workflow(w).status == "TERMINATED"


def test_member_that_is_retried_is_waited_for(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(*a_fork(simple("a", permissive=True), simple("b")))
    w = world.start()
    world.report(world.take("b"), done())

    world.report(world.take("a"), fails())
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(world.take("a"), done())
    assert world.workflow(w).status == "COMPLETED"


@pytest.mark.parametrize("size", [1, 100, 101, 250])
def test_every_size_of_join_completes_when_all_have_arrived(world: World, size: int) -> None:
    refs = [f"t{n}" for n in range(size)]
    branches: list[list[Any]] = [[simple(ref, name="t")] for ref in refs]
    world.register(system("FORK_JOIN", "f", forkTasks=branches), system("JOIN", "j", joinOn=refs))
    w = world.start()
    tasks = world.poll("t", count=size)

    for task in tasks[:-1]:
        world.report(task, done(n=1))
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(tasks[-1], done(n=1))
    assert world.workflow(w).status == "COMPLETED"
    assert len(world.task(w, "j").output_data) == size
