"""TERMINATE: end the workflow here, well or badly."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from tests.engine.world import Definition, World, done, simple, system, task_of, trace


def a_terminate(status: str, **inputs: Any) -> Definition:
    return system("TERMINATE", "t", {"terminationStatus": status, **inputs})


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "TERMINATED"])
def test_workflow_ends_with_the_status(world: World, status: str) -> None:
    workflow = world.run(a_terminate(status), simple("z"))

    assert workflow.status == status
    assert trace(workflow) == ["TERMINATE:t:COMPLETED"]
    task_id = task_of(workflow, "t").task_id
    expected = f"Workflow is {status} by TERMINATE task: {task_id}"
    assert workflow.reason_for_incompletion == expected


def test_reason_is_the_given_one(world: World) -> None:
    workflow = world.run(
        a_terminate("FAILED", terminationReason="no ${workflow.input.what}"),
        inputs={"what": "wood"},
    )

    assert workflow.reason_for_incompletion == "no wood"


@pytest.mark.parametrize(
    ("given", "output"),
    [({"a": 1}, {"a": 1}), ("text", {"output": "text"}), ([1], {"output": [1]}), (None, {})],
)
@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
def test_output_is_the_given_one(world: World, status: str, given: Any, output: Any) -> None:
    workflow = world.run(
        a_terminate(status, workflowOutput="${workflow.input.given}"),
        inputs={"given": given},
        outputParameters={"unused": 1},
    )

    assert workflow.output == output
    assert task_of(workflow, "t").output_data == output


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "TERMINATED"])
def test_everything_open_is_canceled(world: World, status: str) -> None:
    world.register(simple("k"), name="child")
    sub = system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"})
    branches = [[simple("a")], [sub], [system("WAIT", "w")], [simple("b"), a_terminate(status)]]
    world.register(
        system("FORK_JOIN", "f", forkTasks=branches),
        system("JOIN", "j", joinOn=["a", "s", "w", "t"]),
    )
    w = world.start()
    child = world.child(w, "s").workflow_id

    world.report(world.take("b"), done())

    assert world.trace(w)[1:] == [
        "a:a:CANCELED",
        "SUB_WORKFLOW:s:CANCELED",
        "WAIT:w:CANCELED",
        "b:b:COMPLETED",
        "JOIN:j:CANCELED",
        "TERMINATE:t:COMPLETED",
    ]
    assert world.workflow(child).status == "TERMINATED"
    assert world.workflow(w).status == status


@pytest.mark.parametrize(
    ("status", "follows"), [("COMPLETED", False), ("FAILED", True), ("TERMINATED", True)]
)
def test_failure_workflow_follows_a_bad_end(world: World, status: str, follows: bool) -> None:
    world.register(simple("undo"), name="compensate")

    workflow = world.run(a_terminate(status), failureWorkflow="compensate")

    assert ("conductor.failure_workflow" in workflow.output) is follows


def test_parent_takes_the_end_of_its_child(world: World) -> None:
    world.register(a_terminate("TERMINATED", workflowOutput={"x": 1}), name="child")

    workflow = world.run(system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}))

    assert task_of(workflow, "s").status == "CANCELED"
    assert task_of(workflow, "s").output_data["x"] == 1
    assert workflow.status == "TERMINATED"


@pytest.mark.parametrize("status", ["RUNNING", "DONE", "${workflow.input.status}", ""])
def test_other_statuses_are_not_registered(world: World, status: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.register(a_terminate(status))
