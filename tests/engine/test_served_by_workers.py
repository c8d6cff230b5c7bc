"""Types of Conductor's AI module: done by workers, if there are any."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import StartWorkflowRequest
from dalsegno_state.tasks.served_by_workers import TYPES_OF_WORKERS
from tests.engine.world import Definition, World, done, simple, system


def a_chat() -> Definition:
    return system("LLM_CHAT_COMPLETE", "chat", {"prompt": "${workflow.input.q}"})


@pytest.mark.parametrize("task_type", sorted(TYPES_OF_WORKERS))
def test_type_that_nobody_serves_is_refused(world: World, task_type: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(system(task_type, "t"))

    (violation,) = refused.value.validation_errors
    assert violation.path == "workflowDef.tasks[0].type"
    assert f"register a task definition named {task_type}" in violation.message


@pytest.mark.parametrize("nested", ["fork", "child"])
def test_it_is_found_wherever_it_stands(world: World, nested: str) -> None:
    inner = {"name": "inner", "tasks": [a_chat()]}
    tasks = {
        "fork": [
            simple("f", type="FORK_JOIN", forkTasks=[[a_chat()]]),
            simple("j", type="JOIN", joinOn=["chat"]),
        ],
        "child": [
            simple(
                "s",
                type="SUB_WORKFLOW",
                subWorkflowParam={"name": "inner", "workflowDefinition": inner},
            )
        ],
    }

    with pytest.raises(InvalidRequestError):
        world.register(*tasks[nested])


def test_definition_in_a_request_is_refused_too(world: World) -> None:
    request = {"name": "flow", "workflowDef": {"name": "flow", "tasks": [a_chat()]}}

    with pytest.raises(InvalidRequestError):
        world.engine.executions.start(StartWorkflowRequest.model_validate(request))


def test_workers_serve_a_type_whose_definition_is_registered(world: World) -> None:
    world.define("LLM_CHAT_COMPLETE")
    world.register(a_chat())
    w = world.start(inputs={"q": "why?"})

    task = world.take("LLM_CHAT_COMPLETE")
    world.report(task, done(result="because"))

    assert task.input_data == {"prompt": "why?"}
    assert world.workflow(w).output == {"result": "because"}


def test_types_of_other_modules_are_known_too() -> None:
    assert {"LLM_INDEX_DOCUMENT", "GET_DOCUMENT", "SENDGRID", "UPDATE_TASK"} <= TYPES_OF_WORKERS
