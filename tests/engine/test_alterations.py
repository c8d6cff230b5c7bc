"""Variables, upgrade and jump: what operators change in workflows that are under way."""

import pytest

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError, PayloadTooLargeError
from tests.engine.world import Definition, World, done, simple, system, trace

# -- variables --------------------------------------------------------------------------------


def test_variables_are_merged(world: World) -> None:
    world.register(
        simple("a"),
        simple("b", inputParameters={"x": "${workflow.variables.x}"}),
        variables={"x": 1, "y": 1},
    )
    w = world.start()

    world.engine.alterations.update_variables(w, {"x": 2, "z": None})

    assert world.workflow(w).variables == {"x": 2, "y": 1, "z": None}
    world.report(world.take("a"), done())
    assert world.task(w, "b").input_data == {"x": 2}


def test_variables_of_a_paused_workflow_can_be_changed(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    world.engine.executions.pause(w)

    world.engine.alterations.update_variables(w, {"x": 2})

    assert (world.workflow(w).status, world.workflow(w).variables) == ("PAUSED", {"x": 2})


def test_variables_of_an_ended_workflow_stay(world: World) -> None:
    w = world.run(simple("a")).workflow_id

    with pytest.raises(ConflictError, match="is in terminal state"):
        world.engine.alterations.update_variables(w, {"x": 2})
    with pytest.raises(NotFoundError):
        world.engine.alterations.update_variables("nobody", {"x": 2})


def test_too_many_variables_are_refused(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(PayloadTooLargeError, match="variables payload size"):
        world.engine.alterations.update_variables(w, {"x": "x" * 300_000})

    assert world.workflow(w).variables == {}


# -- upgrade ----------------------------------------------------------------------------------


def test_upgraded_workflow_goes_on_by_the_new_version(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start(inputs={"i": 1, "j": 1})
    world.register(simple("a"), simple("b"), simple("c"), version=2, outputParameters={"x": "new"})

    world.upgrade(w, version=2, workflowInput={"j": 2})

    workflow = world.play(w)
    assert trace(workflow) == ["a:a:COMPLETED", "b:b:COMPLETED", "c:c:COMPLETED"]
    assert (workflow.status, workflow.output) == ("COMPLETED", {"x": "new"})
    assert (workflow.workflow_version, workflow.input) == (2, {"i": 1, "j": 2})


def test_tasks_that_were_passed_count_as_done(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.report(world.take("a"), done())
    world.register(
        simple("a"),
        simple("x"),
        system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "flow", "version": 1}),
        simple("b"),
        simple("c", inputParameters={"v": "${x.output.v}"}),
        version=2,
    )

    world.upgrade(w, taskOutput={"v": 7})

    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert {t.reference_task_name: t.status.value for t in workflow.tasks} == {
        "a": "COMPLETED",
        "x": "COMPLETED",
        "s": "SKIPPED",
        "b": "COMPLETED",
        "c": "COMPLETED",
    }
    assert world.task(w, "c").input_data == {"v": 7}


def test_tasks_inside_operators_are_passed_too(world: World) -> None:
    def version(number: int, *between: Definition) -> None:
        world.register(
            system("FORK_JOIN", "f", forkTasks=[[simple("a"), *between, simple("b")]]),
            system("JOIN", "j", joinOn=["b"]),
            system(
                "DO_WHILE",
                "l",
                loopCondition="$.l['iteration'] < 2",
                loopOver=[simple("c"), simple("d")],
            ),
            version=number,
        )

    version(1)
    w = world.start()
    world.report(world.take("a"), done())
    version(2, simple("x"))

    world.upgrade(w)

    assert world.task(w, "x").status == "COMPLETED"
    assert world.play(w).status == "COMPLETED"


def test_paused_workflow_can_be_upgraded(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.engine.executions.pause(w)
    world.report(world.take("a"), done())
    world.register(simple("a"), simple("c"), version=2)

    world.upgrade(w)
    assert world.workflow(w).status == "PAUSED"
    world.resume(w)

    assert trace(world.play(w)) == ["a:a:COMPLETED", "c:c:COMPLETED"]


@pytest.mark.parametrize(
    ("new", "obstacle"),
    [
        ([simple("z"), simple("b")], "task a has been executed, and is not in version 2"),
        ([system("HUMAN", "a"), simple("b")], "task a has been executed as SIMPLE, and is HUMAN"),
        (
            [
                system("FORK_JOIN", "f", forkTasks=[[simple("a")]]),
                system("JOIN", "j", joinOn=["a"]),
            ],
            "task a has been executed, and is in another place",
        ),
    ],
)
def test_version_without_the_executed_tasks_does_not_fit(
    world: World, new: list[Definition], obstacle: str
) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.register(*new, version=2)

    with pytest.raises(ConflictError, match=obstacle):
        world.upgrade(w)

    assert world.play(w).workflow_version == 1


def test_join_that_has_begun_keeps_its_tasks(world: World) -> None:
    def version(number: int, *refs: str) -> None:
        branches = [[simple(ref)] for ref in refs]
        world.register(
            system("FORK_JOIN", "f", forkTasks=branches),
            system("JOIN", "j", joinOn=list(refs)),
            version=number,
        )

    version(1, "a", "b")
    w = world.start()
    version(2, "a", "b", "c")

    with pytest.raises(ConflictError, match="JOIN j waits for its tasks already"):
        world.upgrade(w)


def test_upgrade_needs_a_version_of_the_same_workflow(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    world.register(simple("a"), name="other")

    with pytest.raises(InvalidRequestError, match="is of flow, not other"):
        world.upgrade(w, name="other")
    with pytest.raises(NotFoundError, match="version=9"):
        world.upgrade(w, version=9)


def test_ended_workflow_is_not_upgraded(world: World) -> None:
    w = world.run(simple("a")).workflow_id

    with pytest.raises(ConflictError, match="is in terminal state"):
        world.upgrade(w)


# -- jump -------------------------------------------------------------------------------------


def test_jump_forwards_skips_what_lies_between(world: World) -> None:
    world.register(simple("a"), simple("b"), simple("c"), simple("d"))
    w = world.start()
    stale = world.take("a")

    world.jump(w, "c", {"from": "operator"})

    assert sorted(world.trace(w)) == ["a:a:SKIPPED", "b:b:SKIPPED", "c:c:SCHEDULED"]
    assert world.task(w, "c").input_data == {"from": "operator"}
    world.report(stale, done())
    assert world.play(w).status == "COMPLETED"
    assert world.poll("b") == []


def test_jump_back_does_again_what_came_behind(world: World) -> None:
    world.register(simple("a"), simple("b"), simple("c"))
    w = world.start()
    first = world.take("a")
    world.report(first, done())
    world.report(world.take("b"), done())

    world.jump(w, "a")

    assert world.trace(w) == ["a:a:SCHEDULED"]
    assert world.task(w, "a").task_id != first.task_id
    assert world.play(w).status == "COMPLETED"


def test_jump_into_a_case_chooses_it(world: World) -> None:
    world.register(
        simple("a"),
        system(
            "SWITCH",
            "s",
            {"v": "${workflow.input.v}"},
            evaluatorType="value-param",
            expression="v",
            decisionCases={"x": [simple("x1"), simple("x2")], "y": [simple("y1"), simple("y2")]},
        ),
        simple("z"),
    )
    w = world.start(inputs={"v": "x"})
    world.report(world.take("a"), done())
    assert world.task(w, "x1").status == "SCHEDULED"

    world.jump(w, "y2")

    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert {t.reference_task_name: t.status.value for t in workflow.tasks} == {
        "a": "COMPLETED",
        "s": "COMPLETED",
        "x1": "SKIPPED",
        "x2": "SKIPPED",
        "y1": "SKIPPED",
        "y2": "COMPLETED",
        "z": "COMPLETED",
    }
    assert world.task(w, "s").output_data["selectedCase"] == "y"


def test_jump_out_of_a_fork_ends_its_branches_and_their_workflows(world: World) -> None:
    world.register(simple("k"), name="child")
    world.register(
        system(
            "FORK_JOIN",
            "f",
            forkTasks=[
                [simple("a"), simple("a2")],
                [system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})],
            ],
        ),
        system("JOIN", "j", joinOn=["a2", "s"]),
        simple("z"),
    )
    w = world.start()
    child_id = world.child(w, "s").workflow_id

    world.jump(w, "z")

    assert world.workflow(child_id).status == "TERMINATED"
    assert world.play(w).status == "COMPLETED"
    assert [
        t.status.value for t in world.workflow(w).tasks if t.reference_task_name in "aa2sj"
    ] == ["SKIPPED"] * 4


def test_jump_within_a_branch_leaves_the_others_alone(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a"), simple("b")], [simple("c")]]),
        system("JOIN", "j", joinOn=["b", "c"]),
    )
    w = world.start()

    world.jump(w, "b")

    assert world.task(w, "a").status == "SKIPPED"
    assert world.task(w, "c").status == "SCHEDULED"
    assert world.play(w).status == "COMPLETED"


def test_jump_within_a_loop_stays_in_its_turn(world: World) -> None:
    world.register(
        system(
            "DO_WHILE",
            "l",
            loopCondition="$.l['iteration'] < 3",
            loopOver=[simple("a"), simple("b"), simple("c")],
        ),
        simple("z"),
    )
    w = world.start()
    for name in "abc":
        world.report(world.take(name), done())

    world.jump(w, "c")

    assert world.task(w, "a__2").status == "SKIPPED"
    assert world.task(w, "c__2").status == "SCHEDULED"
    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert world.task(w, "a__3").status == "COMPLETED"


def test_jump_out_of_a_loop_and_a_dynamic_fork(world: World) -> None:
    world.register(
        system(
            "DO_WHILE",
            "l",
            loopCondition="true",
            loopOver=[
                system(
                    "FORK_JOIN_DYNAMIC",
                    "d",
                    {"forkTaskName": "k", "forkTaskInputs": [{"n": 1}, {"n": 2}]},
                ),
                system("JOIN", "j"),
            ],
        ),
        simple("z"),
    )
    w = world.start()
    assert len(world.poll("k")) == 1

    world.jump(w, "z")

    assert world.play(w).status == "COMPLETED"
    assert {t.status.value for t in world.workflow(w).tasks if t.task_type == "k"} == {"SKIPPED"}


@pytest.mark.parametrize(
    ("ref", "obstacle"),
    [
        ("nobody", "does not exist"),
        ("in_loop", "is part of l, which has not begun"),
        ("in_fork", "is part of f, which has not begun"),
        ("j", "jump to the fork before it"),
    ],
)
def test_jump_needs_a_place_that_can_be_reached(world: World, ref: str, obstacle: str) -> None:
    world.register(
        simple("a"),
        system("DO_WHILE", "l", loopCondition="false", loopOver=[simple("in_loop")]),
        system("FORK_JOIN", "f", forkTasks=[[simple("in_fork")]]),
        system("JOIN", "j", joinOn=["in_fork"]),
    )
    w = world.start()

    with pytest.raises(InvalidRequestError, match=obstacle):
        world.jump(w, ref)

    assert world.trace(w) == ["a:a:SCHEDULED"]


def test_only_running_workflows_jump(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.engine.executions.pause(w)

    with pytest.raises(ConflictError, match="paused"):
        world.jump(w, "b")
    world.terminate(w)
    with pytest.raises(ConflictError, match="is in terminal state"):
        world.jump(w, "b")


def test_skipped_switch_is_stepped_over_in_a_loop(world: World) -> None:
    world.register(
        system(
            "DO_WHILE",
            "l",
            loopCondition="false",
            loopOver=[
                simple("a"),
                system(
                    "SWITCH",
                    "s",
                    {"v": "x"},
                    evaluatorType="value-param",
                    expression="v",
                    decisionCases={"y": [simple("y")]},
                    defaultCase=[simple("x")],
                ),
            ],
        ),
        simple("z"),
    )
    w = world.start()

    world.jump(w, "z")

    assert world.play(w).status == "COMPLETED"
    assert world.poll("x") == []
