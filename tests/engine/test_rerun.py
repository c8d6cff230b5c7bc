"""Rerun and restart: an ended workflow does again what it had done already."""

import pytest

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from tests.engine.world import World, done, fails, simple, system, task_of, trace


def test_rerun_without_a_task_starts_from_the_beginning(world: World) -> None:
    w = world.run(simple("a"), simple("b"), inputs={"x": 1}).workflow_id
    before = {t.task_id for t in world.workflow(w).tasks}

    world.rerun(w, workflowInput={"x": 2}, correlationId="c2")

    workflow = world.workflow(w)
    assert trace(workflow) == ["a:a:SCHEDULED"]
    assert (workflow.status, workflow.input, workflow.correlation_id) == ("RUNNING", {"x": 2}, "c2")
    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    assert not before & {t.task_id for t in workflow.tasks}


def test_rerun_from_a_task_forgets_what_came_behind_it(world: World) -> None:
    workflow = world.run(simple("a"), simple("b"), simple("c"), workers={"a": done(n=1)})
    b = task_of(workflow, "b")

    world.rerun(workflow.workflow_id, reRunFromTaskId=b.task_id)

    assert world.trace(workflow.workflow_id) == ["a:a:COMPLETED", "b:b:SCHEDULED"]
    assert world.play(workflow.workflow_id).status == "COMPLETED"


def test_given_input_replaces_that_of_the_task(world: World) -> None:
    workflow = world.run(simple("a", inputParameters={"x": 1, "y": 2}))

    task_id = task_of(workflow, "a").task_id
    world.rerun(workflow.workflow_id, reRunFromTaskId=task_id, taskInput={"x": 9})

    assert world.take("a").input_data == {"x": 9}


def test_failed_task_can_be_rerun_with_its_input(world: World) -> None:
    world.define("a", retryCount=0)
    workflow = world.run(simple("a", inputParameters={"x": 1}), workers={"a": fails()})

    world.rerun(workflow.workflow_id, reRunFromTaskId=task_of(workflow, "a").task_id)

    assert world.take("a").input_data == {"x": 1}


def test_other_branches_of_a_fork_stay_as_they_are(world: World) -> None:
    workflow = world.run(
        system("FORK_JOIN", "f", forkTasks=[[simple("a"), simple("b")], [simple("c")]]),
        system("JOIN", "j", joinOn=["b", "c"]),
        simple("z"),
    )
    w = workflow.workflow_id
    c = task_of(workflow, "c")

    world.rerun(w, reRunFromTaskId=task_of(workflow, "a").task_id)

    assert sorted(world.trace(w)) == [
        "FORK:f:COMPLETED",
        "JOIN:j:IN_PROGRESS",
        "a:a:SCHEDULED",
        "c:c:COMPLETED",
    ]
    again = world.play(w)
    assert again.status == "COMPLETED"
    assert task_of(again, "c").task_id == c.task_id
    assert set(task_of(again, "j").output_data) == {"b", "c"}


def test_rerun_from_before_a_fork_does_all_of_it_again(world: World) -> None:
    workflow = world.run(
        simple("p"),
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]]),
        system("JOIN", "j", joinOn=["a", "b"]),
    )

    world.rerun(workflow.workflow_id, reRunFromTaskId=task_of(workflow, "p").task_id)

    assert world.trace(workflow.workflow_id) == ["p:p:SCHEDULED"]
    again = world.play(workflow.workflow_id)
    assert again.status == "COMPLETED"
    assert len(again.tasks) == 5


def test_rerun_from_the_join_of_a_dynamic_fork_waits_for_its_branches_again(world: World) -> None:
    branches = [simple("a"), simple("b")]
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": branches, "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    world.register(fork, system("JOIN", "j"), simple("z"))
    w = world.start()
    world.terminate(w)

    world.rerun(w, reRunFromTaskId=world.task(w, "j").task_id)

    assert world.task(w, "j").status == "IN_PROGRESS"
    again = world.play(w)
    assert again.status == "COMPLETED"
    assert {task_of(again, ref).status for ref in ("a", "b", "j", "z")} == {"COMPLETED"}


def test_rerun_within_a_loop_goes_back_to_that_turn(world: World) -> None:
    loop = system(
        "DO_WHILE", "l", loopOver=[simple("a"), simple("b")], loopCondition="$.l['iteration'] < 3"
    )
    workflow = world.run(loop, simple("z"))
    w = workflow.workflow_id

    world.rerun(w, reRunFromTaskId=task_of(workflow, "b__2").task_id)

    assert [t for t in world.trace(w) if "DO_WHILE" not in t] == [
        "a:a__1:COMPLETED",
        "b:b__1:COMPLETED",
        "a:a__2:COMPLETED",
        "b:b__2:SCHEDULED",
    ]
    assert world.task(w, "l").status == "IN_PROGRESS"
    again = world.play(w)
    assert again.status == "COMPLETED"
    assert task_of(again, "l").output_data["iteration"] == 3


def test_rerun_of_a_dynamic_fork_forks_anew(world: World) -> None:
    workflow = world.run(
        simple("p"),
        system(
            "FORK_JOIN_DYNAMIC", "f", {"forkTaskName": "kid", "forkTaskInputs": "${p.output.list}"}
        ),
        system("JOIN", "j"),
        workers={"p": done(list=[1, 2])},
    )
    w = workflow.workflow_id

    world.rerun(w, reRunFromTaskId=task_of(workflow, "f").task_id)

    assert world.trace(w) == [
        "p:p:COMPLETED",
        "FORK:f:COMPLETED",
        "kid:_kid_0:SCHEDULED",
        "kid:_kid_1:SCHEDULED",
        "JOIN:j:IN_PROGRESS",
    ]
    assert world.play(w).status == "COMPLETED"


def test_rerun_of_a_dynamic_child_keeps_its_input(world: World) -> None:
    inputs = [{"k": 1}, {"k": 2}]
    workflow = world.run(
        system("FORK_JOIN_DYNAMIC", "f", {"forkTaskName": "kid", "forkTaskInputs": inputs}),
        system("JOIN", "j"),
        simple("z"),
    )
    w = workflow.workflow_id

    world.rerun(w, reRunFromTaskId=task_of(workflow, "_kid_1").task_id)

    assert world.take("kid").input_data == {"k": 2, "__index": 1}
    assert world.workflow(w).status == "RUNNING"


def test_rerun_of_a_sub_workflow_task_starts_a_new_child(world: World) -> None:
    world.register(simple("k"), name="child")
    workflow = world.run(system("SUB_WORKFLOW", "s", {"x": 1}, subWorkflowParam={"name": "child"}))
    w = workflow.workflow_id
    first = world.child(w, "s").workflow_id

    world.rerun(w, reRunFromTaskId=task_of(workflow, "s").task_id)

    assert world.child(w, "s").workflow_id != first
    assert world.child(w, "s").input == {"x": 1}
    assert world.play(w).status == "COMPLETED"


def test_rerun_from_a_task_of_a_child_revives_its_parents(world: World) -> None:
    world.register(simple("k"), simple("k2"), name="child")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})
    w = world.run(sub, simple("z")).workflow_id
    child = world.child(w, "s")

    world.rerun(w, reRunFromTaskId=task_of(child, "k").task_id)

    assert world.trace(child.workflow_id) == ["k:k:SCHEDULED"]
    assert world.task(w, "s").status == "IN_PROGRESS"
    again = world.play(w)
    assert again.status == "COMPLETED"
    assert world.workflow(child.workflow_id).status == "COMPLETED"


def test_rerun_of_a_switch_chooses_again(world: World) -> None:
    switch = system(
        "SWITCH",
        "s",
        {"v": "${workflow.input.v}"},
        evaluatorType="value-param",
        expression="v",
        decisionCases={"x": [simple("t1")], "y": [simple("t2")]},
    )
    workflow = world.run(switch, simple("z"), inputs={"v": "x"})
    w = workflow.workflow_id
    task_id = task_of(workflow, "s").task_id

    world.rerun(w, reRunFromTaskId=task_id, workflowInput={"v": "y"})

    assert world.trace(w) == ["SWITCH:s:COMPLETED", "t2:t2:SCHEDULED"]


def test_unknown_task_is_refused(world: World) -> None:
    w = world.run(simple("a")).workflow_id
    other = world.start()

    for task_id in ("nothing", world.task(other, "a").task_id):
        with pytest.raises(InvalidRequestError, match="not found"):
            world.rerun(w, reRunFromTaskId=task_id)


def test_running_workflow_is_not_rerun(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(ConflictError, match="is not in terminal state, unable to rerun"):
        world.rerun(w)


# -- restart ----------------------------------------------------------------------------------


def test_restart_forgets_all_tasks_and_keeps_the_input(world: World) -> None:
    w = world.run(simple("a"), simple("b"), inputs={"x": 1}).workflow_id
    world.clock.advance(100)

    world.restart(w)

    workflow = world.workflow(w)
    assert trace(workflow) == ["a:a:SCHEDULED"]
    assert (workflow.status, workflow.input, workflow.output) == ("RUNNING", {"x": 1}, {})
    assert (workflow.create_time, workflow.end_time) == (world.clock.now(), 0)
    assert world.play(w).status == "COMPLETED"


def test_restart_of_a_fork_joins_anew(world: World) -> None:
    w = world.run(
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]]),
        system("JOIN", "j", joinOn=["a", "b"]),
        simple("z"),
    ).workflow_id

    world.restart(w)
    assert world.task(w, "j").status == "IN_PROGRESS"

    world.report(world.take("a"), done())
    assert world.task(w, "j").status == "IN_PROGRESS"
    assert world.play(w).status == "COMPLETED"


def test_restart_keeps_to_its_definition_unless_told(world: World) -> None:
    w = world.run(simple("a")).workflow_id
    world.register(simple("b"), version=2)

    world.restart(w)
    assert world.trace(w) == ["a:a:SCHEDULED"]

    world.play(w)
    world.restart(w, latest=True)
    assert world.trace(w) == ["b:b:SCHEDULED"]
    assert world.workflow(w).workflow_version == 2


def test_restart_keeps_the_variables(world: World) -> None:
    w = world.run(system("SET_VARIABLE", "v", {"n": 1}), simple("a")).workflow_id

    world.restart(w)

    assert world.workflow(w).variables == {"n": 1}


def test_restart_of_a_failed_child_revives_its_parent(world: World) -> None:
    world.define("k", retryCount=0)
    world.register(simple("k"), name="child")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})
    w = world.run(sub, workers={"k": fails()}).workflow_id
    child = world.child(w, "s").workflow_id

    world.restart(child)

    assert world.workflow(w).status == "RUNNING"
    assert world.play(w).status == "COMPLETED"


def test_results_of_the_run_before_change_nothing(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    old = world.take("a")
    world.terminate(w)
    world.restart(w)

    with pytest.raises(NotFoundError):
        world.report(old, done())

    assert world.trace(w) == ["a:a:SCHEDULED"]


def test_running_workflow_is_not_restarted(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(ConflictError, match="is not in terminal state, unable to restart"):
        world.restart(w)


def test_completed_workflow_may_be_beyond_restart(world: World) -> None:
    world.define("a", retryCount=0)
    completed = world.run(simple("a"), restartable=False).workflow_id
    with pytest.raises(NotFoundError, match="is non-restartable"):
        world.restart(completed)

    failed = world.run(simple("a"), restartable=False, workers={"a": fails()}).workflow_id
    world.restart(failed)
    assert world.workflow(failed).status == "RUNNING"
