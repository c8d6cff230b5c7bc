"""EXCLUSIVE_JOIN: go on with the first of several branches that was taken."""

from typing import Any

import pytest

from tests.engine.world import Definition, World, done, fails_for_good, simple, system, task_of


def a_flow(*behind: Definition, **join: Any) -> tuple[Definition, ...]:
    switch = system(
        "SWITCH",
        "s",
        {"v": "${workflow.input.v}"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1")], "y": [simple("t2")]},
    )
    return (simple("t0"), switch, system("EXCLUSIVE_JOIN", "j", **join), *behind)


@pytest.mark.parametrize(
    ("value", "joined"), [("x", "t1"), ("y", "t2"), ("other", "t0")], ids=["1st", "2nd", "default"]
)
def test_output_is_that_of_the_branch_taken(world: World, value: str, joined: str) -> None:
    tasks = a_flow(joinOn=["t1", "t2"], defaultExclusiveJoinTask=["t0"])

    workflow = world.run(*tasks, inputs={"v": value})

    assert task_of(workflow, "j").output_data == {"ref": joined}
    assert workflow.status == "COMPLETED"


def test_first_present_task_of_the_list_wins(world: World) -> None:
    workflow = world.run(*a_flow(joinOn=["t1", "t0"]), inputs={"v": "x"})

    assert task_of(workflow, "j").output_data == {"ref": "t1"}


def test_waits_until_its_task_has_ended(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]]),
        system("JOIN", "j0", joinOn=["b"]),
        system("EXCLUSIVE_JOIN", "j", joinOn=["a"]),
        simple("z"),
    )
    w = world.start()

    world.report(world.take("b"), done())
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(world.take("a"), done(x=1))
    assert world.task(w, "j").output_data == {"x": 1}
    assert world.task(w, "z").status == "SCHEDULED"


def test_permissive_failure_of_its_task_fails_it(world: World) -> None:
    workflow = world.run(
        simple("t0", permissive=True),
        system("EXCLUSIVE_JOIN", "j", joinOn=["t0"]),
        workers={"t0": fails_for_good("no luck")},
    )

    join = task_of(workflow, "j")
    assert (join.status, join.reason_for_incompletion) == ("FAILED", "no luck")
    assert workflow.status == "FAILED"
