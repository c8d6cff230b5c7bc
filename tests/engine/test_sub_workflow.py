"""SUB_WORKFLOW: another workflow, waited for."""

from typing import Any

import pytest

from dalsegno.errors import NotFoundError
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


def a_sub(inputs: dict[str, Any] | None = None, *, params: Any = None, **fields: Any) -> Definition:
    return system(
        "SUB_WORKFLOW", "s", inputs, subWorkflowParam=params or {"name": "child"}, **fields
    )


@pytest.fixture(autouse=True)
def _child(world: World) -> None:
    world.define("k", retryCount=0)
    world.register(simple("k"), name="child", outputParameters={"r": "${k.output.r}"})


def test_child_knows_its_parent_and_its_input(world: World) -> None:
    world.register(a_sub({"x": "${workflow.input.x}"}))

    w = world.start(inputs={"x": 1}, correlationId="c1", taskToDomain={"k": "west"}, priority=7)

    task, child = world.task(w, "s"), world.child(w, "s")
    assert (child.parent_workflow_id, child.parent_workflow_task_id) == (w, task.task_id)
    assert child.input == {"x": 1}
    assert (child.correlation_id, child.task_to_domain, child.priority) == ("c1", {"k": "west"}, 0)
    assert task.input_data == {
        "subWorkflowName": "child",
        "subWorkflowVersion": 1,
        "workflowInput": {"x": 1},
    }


def test_child_without_parameters_gets_the_whole_task_input(world: World) -> None:
    world.register(a_sub())

    w = world.start()

    assert world.child(w, "s").input == {
        "subWorkflowName": "child",
        "subWorkflowVersion": 1,
        "workflowInput": {},
    }


def test_output_is_that_of_the_child(world: World) -> None:
    workflow = world.run(
        a_sub(), simple("z", inputParameters={"r": "${s.output.r}"}), workers={"k": done(r=5)}
    )

    task = task_of(workflow, "s")
    assert task.output_data == {"subWorkflowId": task.sub_workflow_id, "r": 5}
    assert task_of(workflow, "z").input_data == {"r": 5}


def test_latest_version_is_fixed_when_the_parent_starts(world: World) -> None:
    world.register(simple("gate"), a_sub())
    w = world.start()
    world.register(simple("k2"), name="child", version=2)

    world.play(w)

    assert world.child(w, "s").workflow_version == 1


def test_asked_version_is_started(world: World) -> None:
    world.register(simple("k2"), name="child", version=2)
    world.register(a_sub(params={"name": "child", "version": 1}))

    assert world.child(world.start(), "s").workflow_version == 1


def test_definition_may_be_embedded(world: World) -> None:
    embedded = {"name": "inner", "version": 3, "tasks": [simple("e")]}
    world.register(a_sub({"x": "${workflow.input.x}"}, params={"workflowDefinition": embedded}))

    w = world.start(inputs={"x": 1})

    child = world.child(w, "s")
    assert (child.workflow_name, child.workflow_version) == ("inner", 3)
    assert child.input == {"x": 1, "_systemMetadata": {"dynamic": True}}
    assert world.play(w).status == "COMPLETED"


def test_expressions_of_an_embedded_definition_are_the_childs(world: World) -> None:
    inner = simple("e", inputParameters={"x": "${workflow.input.x}"})
    embedded = {"name": "inner", "version": 1, "tasks": [inner]}
    world.register(a_sub({"x": 2}, params={"workflowDefinition": embedded}))

    w = world.start(inputs={"x": 1})

    assert world.take("e").input_data == {"x": 2}
    assert world.workflow(w).status == "RUNNING"


def test_definition_may_come_from_an_expression(world: World) -> None:
    made = {"name": "made", "version": 1, "tasks": [simple("e")]}
    world.register(
        a_sub(params={"name": "made", "workflowDefinition": "${workflow.input.definition}"})
    )

    w = world.start(inputs={"definition": made})

    assert world.child(w, "s").workflow_name == "made"


def test_name_and_more_may_be_expressions(world: World) -> None:
    params = {
        "name": "${workflow.input.name}",
        "taskToDomain": {"k": "${workflow.input.domain}"},
        "priority": "${workflow.input.priority}",
    }
    world.register(a_sub(params=params))

    w = world.start(inputs={"name": "child", "domain": "east", "priority": 9})

    child = world.child(w, "s")
    assert (child.workflow_name, child.task_to_domain, child.priority) == (
        "child",
        {"k": "east"},
        9,
    )


def test_child_without_a_definition_keeps_the_parent_from_starting(world: World) -> None:
    world.register(a_sub(params={"name": "nobody"}))

    with pytest.raises(NotFoundError, match="nobody"):
        world.start()


def test_child_that_cannot_start_fails_the_task(world: World) -> None:
    world.register(a_sub(params={"name": "${workflow.input.name}"}))

    w = world.start(inputs={"name": "nobody"})

    assert world.task(w, "s").status == "FAILED"
    assert "nobody" in str(world.task(w, "s").reason_for_incompletion)
    assert world.workflow(w).status == "FAILED"


def test_failed_child_fails_its_task(world: World) -> None:
    workflow = world.run(a_sub(), workers={"k": fails_for_good("no luck")})

    task = task_of(workflow, "s")
    child = world.workflow(str(task.sub_workflow_id))
    assert (child.status, task.status, workflow.status) == ("FAILED", "FAILED", "FAILED")
    expected = (
        f"Sub workflow child.1/{child.workflow_id} failure reason: {child.reason_for_incompletion}"
    )
    assert task.reason_for_incompletion == expected


def test_terminated_child_cancels_its_task(world: World) -> None:
    world.register(a_sub())
    w = world.start()

    world.terminate(world.child(w, "s").workflow_id, "stop")

    assert world.task(w, "s").status == "CANCELED"
    assert world.workflow(w).status == "TERMINATED"


def test_timed_out_child_times_its_task_out(world: World) -> None:
    world.register(simple("k"), name="child", timeoutSeconds=20, timeoutPolicy="TIME_OUT_WF")
    world.register(a_sub())
    w = world.start()

    world.advance(20)

    assert world.child(w, "s").status == "TIMED_OUT"
    assert world.task(w, "s").status == "TIMED_OUT"
    assert world.workflow(w).status == "TIMED_OUT"


def test_retry_starts_a_new_child(world: World) -> None:
    world.define("s", retryCount=1)
    world.register(a_sub({"x": 1}))
    w = world.start()

    world.report(world.take("k"), fails())
    first, second = world.workflow(w).tasks
    assert first.sub_workflow_id != second.sub_workflow_id
    assert world.child(w, "s").input == {"x": 1}

    world.report(world.take("k"), done())
    assert world.workflow(w).status == "COMPLETED"


def test_optional_child_may_fail(world: World) -> None:
    workflow = world.run(a_sub(optional=True), simple("z"), workers={"k": fails_for_good()})

    assert task_of(workflow, "s").status == "COMPLETED_WITH_ERRORS"
    assert workflow.status == "COMPLETED"


def test_termination_goes_down(world: World) -> None:
    world.register(a_sub(), name="middle")
    world.register(system("SUB_WORKFLOW", "m", subWorkflowParam={"name": "middle"}))
    w = world.start()
    middle = world.child(w, "m")
    leaf = world.child(middle.workflow_id, "s")

    world.terminate(w, "stop")

    middle, leaf = world.workflow(middle.workflow_id), world.workflow(leaf.workflow_id)
    assert (middle.status, leaf.status) == ("TERMINATED", "TERMINATED")
    reason = "Parent workflow has been terminated with reason: stop"
    assert middle.reason_for_incompletion == reason
    assert leaf.reason_for_incompletion == (
        f"Parent workflow has been terminated with reason: {reason}"
    )
    assert world.poll("k") == []


def test_failure_of_the_parent_goes_down(world: World) -> None:
    world.define("a", retryCount=0)
    world.register(
        system("FORK_JOIN", "f", forkTasks=[[a_sub()], [simple("a")]]),
        system("JOIN", "j", joinOn=["s", "a"]),
    )
    w = world.start()

    world.report(world.take("a"), fails())

    child = world.child(w, "s")
    assert child.status == "TERMINATED"
    assert child.reason_for_incompletion == "Parent workflow has been terminated with status FAILED"


def test_pause_does_not_go_down(world: World) -> None:
    world.register(a_sub())
    w = world.start()

    world.engine.executions.pause(w)

    assert world.child(w, "s").status == "RUNNING"


def test_embedded_definition_may_refer_to_what_is_not_there(world: World) -> None:
    inner = system("NOOP", "n", {"a": "${ghost.output.x}"})
    embedded = {"name": "inner", "version": 1, "tasks": [inner]}
    world.register(a_sub({}, params={"workflowDefinition": embedded}))

    assert world.play(world.start()).status == "COMPLETED"


@pytest.mark.parametrize("given", [7, "text", [1]])
def test_definition_that_is_none_fails_with_what_it_was(world: World, given: Any) -> None:
    definition = "${workflow.input.definition}"
    sub = a_sub({}, params={"name": "x", "workflowDefinition": definition})

    world.register(sub)

    reason = str(world.task(world.start(inputs={"definition": given}), "s").reason_for_incompletion)
    assert "subWorkflowParam.workflowDefinition: expected a workflow definition, got" in reason
    assert "WorkflowDef" not in reason
