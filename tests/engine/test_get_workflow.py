"""GET_WORKFLOW: read an execution."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from tests.engine.world import Definition, World, simple, system, task_of, trace


def a_read(**inputs: Any) -> Definition:
    return system("GET_WORKFLOW", "g", {"id": "${workflow.input.id}", **inputs})


@pytest.mark.parametrize("include_tasks", [True, False])
def test_output_is_the_execution(world: World, include_tasks: bool) -> None:
    world.register(simple("a"), name="other", outputParameters={"by": "${a.output.ref}"})
    other = world.start("other")
    world.play(other)

    workflow = world.run(
        a_read(includeTasks=include_tasks),
        simple("z", inputParameters={"by": "${g.output.output.by}"}),
        inputs={"id": other},
    )

    output = task_of(workflow, "g").output_data
    tasks = output["tasks"]
    assert isinstance(tasks, list)
    assert (output["workflowId"], output["status"], len(tasks)) == (
        other,
        "COMPLETED",
        int(include_tasks),
    )
    assert task_of(workflow, "z").input_data == {"by": "a"}


def test_unknown_execution_is_a_failure_that_may_be_retried(world: World) -> None:
    world.define("g", retryCount=1)

    workflow = world.run(a_read(), inputs={"id": "nobody"})

    assert trace(workflow) == ["GET_WORKFLOW:g:FAILED", "GET_WORKFLOW:g:FAILED"]
    assert workflow.tasks[0].reason_for_incompletion == "No such workflow found by id: nobody"


def test_execution_to_read_must_be_named(world: World) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(system("GET_WORKFLOW", "g"))

    assert "inputParameters.id field is required" in refused.value.validation_errors[0].message
