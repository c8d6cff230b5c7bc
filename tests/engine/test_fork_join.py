"""FORK_JOIN: several branches side by side."""

from tests.engine.world import World, done, simple, system, task_of, trace

NO_JOIN = "Fork task definition is not followed by a join task.  Check the blueprint"


def test_fork_without_a_join_fails_the_workflow(world: World) -> None:
    workflow = world.run(system("FORK_JOIN", "f", forkTasks=[[simple("a")]]), simple("b"))

    assert (workflow.status, workflow.reason_for_incompletion) == ("FAILED", NO_JOIN)
    assert workflow.tasks == []


def test_nested_forks_join_inside_out(world: World) -> None:
    inner = system("FORK_JOIN", "f2", forkTasks=[[simple("a")], [simple("b")]])
    world.register(
        system(
            "FORK_JOIN",
            "f1",
            forkTasks=[[inner, system("JOIN", "j2", joinOn=["a", "b"])], [simple("c")]],
        ),
        system("JOIN", "j1", joinOn=["j2", "c"]),
        simple("z"),
    )

    w = world.start()
    assert world.trace(w) == [
        "FORK:f1:COMPLETED",
        "FORK:f2:COMPLETED",
        "a:a:SCHEDULED",
        "b:b:SCHEDULED",
        "JOIN:j2:IN_PROGRESS",
        "c:c:SCHEDULED",
        "JOIN:j1:IN_PROGRESS",
    ]

    for name in "abc":
        world.report(world.take(name), done(by=name))
    assert world.trace(w)[7:] == ["z:z:SCHEDULED"]
    assert world.task(w, "j1").output_data == {
        "j2": {"a": {"by": "a"}, "b": {"by": "b"}},
        "c": {"by": "c"},
    }


def test_branch_that_begins_with_a_switch_goes_on_behind_it(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "${workflow.input.v}"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1")]},
    )
    tasks = (
        system("FORK_JOIN", "f", forkTasks=[[switch, simple("t2")], [simple("c")]]),
        system("JOIN", "j", joinOn=["t2", "c"]),
    )

    taken = world.run(*tasks, inputs={"v": "x"})
    passed = world.run(*tasks, inputs={"v": "y"})

    assert {t.reference_task_name for t in taken.tasks} == {"f", "s", "t1", "t2", "c", "j"}
    assert {t.reference_task_name for t in passed.tasks} == {"f", "s", "t2", "c", "j"}
    assert (taken.status, passed.status) == ("COMPLETED", "COMPLETED")


def test_branch_that_ends_with_a_switch_is_joined_by_it(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "x"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1")]},
    )
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[switch], [simple("c")]]),
        system("JOIN", "j", joinOn=["t1", "c"]),
        simple("z"),
    )

    w = world.start()
    world.report(world.take("c"), done())
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(world.take("t1"), done())
    assert world.task(w, "j").status == "COMPLETED"


def test_instant_tasks_in_all_branches_join_at_once(world: World) -> None:
    workflow = world.run(
        system("FORK_JOIN", "f", forkTasks=[[system("NOOP", "a")], [system("NOOP", "b")]]),
        system("JOIN", "j", joinOn=["a", "b"]),
    )

    assert trace(workflow) == [
        "FORK:f:COMPLETED",
        "NOOP:a:COMPLETED",
        "NOOP:b:COMPLETED",
        "JOIN:j:COMPLETED",
    ]
    assert workflow.status == "COMPLETED"


def test_branch_nobody_joins_must_end_before_the_workflow_does(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b"), simple("c")]]),
        system("JOIN", "j", joinOn=["a"]),
        simple("z"),
    )
    w = world.start()

    world.report(world.take("a"), done())
    world.report(world.take("z"), done())
    assert world.workflow(w).status == "RUNNING"

    world.report(world.take("b"), done())
    assert world.workflow(w).status == "RUNNING"
    world.report(world.take("c"), done())
    assert world.workflow(w).status == "COMPLETED"


def test_join_waits_for_any_task_of_a_branch(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a"), simple("b")], [simple("c")]]),
        system("JOIN", "j", joinOn=["a", "c"]),
    )
    w = world.start()

    world.report(world.take("a"), done())
    world.report(world.take("c"), done())

    assert world.task(w, "j").status == "COMPLETED"
    assert world.workflow(w).status == "RUNNING"
    assert task_of(world.play(w), "b").status == "COMPLETED"
    assert world.workflow(w).status == "COMPLETED"
