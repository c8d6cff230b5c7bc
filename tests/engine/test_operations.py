"""Pause, resume, terminate, skip, remove: how operators steer a running workflow."""

import pytest

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from tests.engine.world import World, done, fails, simple, system, task_of, trace

# -- pause and resume -------------------------------------------------------------------------


def test_nothing_new_is_scheduled_while_paused(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.engine.executions.pause(w)

    world.report(world.take("a"), done(x=1))
    world.advance(3_600)

    assert world.workflow(w).status == "PAUSED"
    assert world.trace(w) == ["a:a:COMPLETED"]


def test_resume_goes_on_where_it_was(world: World) -> None:
    world.register(simple("a"), simple("b"))
    w = world.start()
    world.engine.executions.pause(w)
    world.report(world.take("a"), done(x=1))

    world.resume(w)

    workflow = world.workflow(w)
    assert trace(workflow) == ["a:a:COMPLETED", "b:b:SCHEDULED"]
    assert workflow.last_retried_time == world.clock.now()
    assert len(world.poll("b", count=5)) == 1


def test_failure_while_paused_is_dealt_with_after_it(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(simple("a"))
    w = world.start()
    world.engine.executions.pause(w)
    world.report(world.take("a"), fails())
    assert world.trace(w) == ["a:a:FAILED"]

    world.resume(w)

    assert world.trace(w) == ["a:a:FAILED", "a:a:SCHEDULED"]


def test_wait_that_is_over_while_paused_completes_after_it(world: World) -> None:
    world.register(system("WAIT", "w", {"duration": "10s"}), simple("z"))
    w = world.start()
    world.engine.executions.pause(w)
    world.advance(60)
    assert world.trace(w) == ["WAIT:w:IN_PROGRESS"]

    world.resume(w)

    assert world.trace(w) == ["WAIT:w:COMPLETED", "z:z:SCHEDULED"]


def test_branches_that_end_while_paused_are_joined_after_it(world: World) -> None:
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[simple("a")], [simple("b")]]),
        system("JOIN", "j", joinOn=["a", "b"]),
        simple("z"),
    )
    w = world.start()
    world.engine.executions.pause(w)
    for name in "ab":
        world.report(world.take(name), done())

    world.resume(w)

    assert world.trace(w)[-2:] == ["JOIN:j:COMPLETED", "z:z:SCHEDULED"]


def test_pausing_twice_is_fine(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    world.engine.executions.pause(w)
    world.engine.executions.pause(w)

    assert world.workflow(w).status == "PAUSED"


def test_ended_workflow_is_not_paused(world: World) -> None:
    workflow = world.run(simple("a"))

    with pytest.raises(ConflictError, match="has ended, status cannot be updated"):
        world.engine.executions.pause(workflow.workflow_id)


def test_only_paused_workflows_are_resumed(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(ConflictError, match="is not PAUSED so cannot resume"):
        world.resume(w)


# -- terminate --------------------------------------------------------------------------------


def test_terminate(world: World) -> None:
    world.register(simple("a"), outputParameters={"x": "${workflow.input.x}"})
    w = world.start(inputs={"x": 1})

    world.terminate(w, "enough")

    workflow = world.workflow(w)
    assert (workflow.status, workflow.reason_for_incompletion) == ("TERMINATED", "enough")
    assert (workflow.output, trace(workflow)) == ({"x": 1}, ["a:a:CANCELED"])
    assert workflow.end_time == world.clock.now()


def test_paused_workflow_can_be_terminated(world: World) -> None:
    world.register(simple("a"))
    w = world.start()
    world.engine.executions.pause(w)

    world.terminate(w)

    assert world.workflow(w).status == "TERMINATED"


def test_failed_workflow_becomes_terminated(world: World) -> None:
    world.define("a", retryCount=0)
    w = world.run(simple("a"), workers={"a": fails()}).workflow_id

    world.terminate(w, "given up")

    assert world.workflow(w).status == "TERMINATED"


def test_completed_workflow_is_not_terminated(world: World) -> None:
    workflow = world.run(simple("a"))

    with pytest.raises(ConflictError, match="Cannot terminate a COMPLETED workflow"):
        world.terminate(workflow.workflow_id)


def test_terminated_child_is_passed_over_if_optional(world: World) -> None:
    world.register(simple("k"), name="child")
    world.register(
        system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}, optional=True), simple("z")
    )
    w = world.start()

    world.terminate(world.child(w, "s").workflow_id)

    assert world.task(w, "s").status == "COMPLETED_WITH_ERRORS"
    assert world.play(w).status == "COMPLETED"


# -- skip -------------------------------------------------------------------------------------


def test_skipped_task_is_stepped_over(world: World) -> None:
    world.register(simple("a"), simple("b"), simple("c", inputParameters={"x": "${b.output.x}"}))
    w = world.start()

    world.skip(w, "b", taskInput={"i": 1}, taskOutput={"x": 5})

    workflow = world.play(w)
    assert workflow.status == "COMPLETED"
    skipped = task_of(workflow, "b")
    assert (skipped.status, skipped.input_data, skipped.output_data) == (
        "SKIPPED",
        {"i": 1},
        {"x": 5},
    )
    assert task_of(workflow, "c").input_data == {"x": 5}
    assert world.poll("b") == []


def test_several_skipped_tasks_in_a_row_are_stepped_over(world: World) -> None:
    world.register(simple("a"), simple("b"), simple("c"), simple("d"))
    w = world.start()

    for ref in "bcd":
        world.skip(w, ref)

    assert world.play(w).status == "COMPLETED"
    assert world.poll("c") == []


def test_skipped_branch_is_joined(world: World) -> None:
    world.register(
        simple("a"),
        system("FORK_JOIN", "f", forkTasks=[[simple("b")], [simple("c")]]),
        system("JOIN", "j", joinOn=["b", "c"]),
    )
    w = world.start()

    world.skip(w, "b")

    assert world.play(w).status == "COMPLETED"


def test_skipped_task_does_not_run_before_its_turn(world: World) -> None:
    world.register(simple("a"), simple("b"), simple("c"))
    w = world.start()

    world.skip(w, "b")
    world.engine.executions.decide(w)
    world.advance(600)

    assert world.poll("c") == []


def test_task_that_exists_is_not_skipped(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(ConflictError, match="has already been processed, cannot be skipped"):
        world.skip(w, "a")


def test_unknown_task_is_not_skipped(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(InvalidRequestError, match="does not exist in the WorkflowDefinition flow"):
        world.skip(w, "nobody")


def test_ended_workflow_skips_nothing(world: World) -> None:
    workflow = world.run(simple("a"))

    with pytest.raises(ConflictError, match="is not running so the task referenced by a"):
        world.skip(workflow.workflow_id, "a")


# -- remove -----------------------------------------------------------------------------------


def test_removed_workflow_is_gone(world: World) -> None:
    workflow = world.run(simple("a"), inputs={"text": "x" * 50_000})

    world.engine.executions.remove(workflow.workflow_id, archive=False)

    with pytest.raises(NotFoundError):
        world.workflow(workflow.workflow_id)


def test_running_workflow_can_be_removed_and_its_tasks_go_nowhere(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    world.engine.executions.remove(w, archive=False)

    assert world.poll("a") == []
    world.advance(600)


def test_archived_workflow_can_be_read_and_nothing_else(world: World) -> None:
    workflow = world.run(simple("a"))
    w = workflow.workflow_id

    world.engine.executions.remove(w, archive=True)

    assert world.workflow(w).status == "COMPLETED"
    with pytest.raises(NotFoundError):
        world.restart(w)


def test_running_workflow_is_not_archived(world: World) -> None:
    world.register(simple("a"))
    w = world.start()

    with pytest.raises(InvalidRequestError, match="Cannot archive workflow"):
        world.engine.executions.remove(w, archive=True)
