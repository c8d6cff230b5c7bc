"""Queues of the engine: nobody polls them, and nothing is put there by its name."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    EventHandler,
    StartWorkflowRequest,
    TaskDef,
    WorkflowDef,
    WorkflowSchedule,
)
from dalsegno_state.engine import EVALUATOR_QUEUE, EVENTS_QUEUE, SYSTEM_QUEUES
from dalsegno_state.ports import Message
from dalsegno_state.reserved_names import ENGINE_TYPES, SYSTEM_WORK
from dalsegno_state.tasks.registry import TASK_TYPES
from tests.engine.world import World, simple, system

MARKED = ["_events", "_evaluator", "_system", "_results", "_triggers", "_anything", "_"]
NOT_POLLED = [*MARKED, *sorted(ENGINE_TYPES - {"KAFKA_PUBLISH"})]
NOT_WORK = [*MARKED, *sorted(ENGINE_TYPES)]
# The other forms mean a task of a type of the engine, which the engine does.
NAMED_AT_RUN_TIME = [
    *(("listed", name) for name in NOT_WORK),
    *(("same", name) for name in NOT_WORK if name not in SYSTEM_WORK),
    *(("typed", name) for name in MARKED),
    *(("dynamic", name) for name in NOT_WORK if name not in SYSTEM_WORK),
]


def test_every_type_of_the_engine_is_known_to_be_one(world: World) -> None:
    assert set(TASK_TYPES) - {"SIMPLE"} == ENGINE_TYPES
    assert set(world.engine._effects(None, None, world.engine._services)) == SYSTEM_WORK  # type: ignore[arg-type]
    own = {EVALUATOR_QUEUE, EVENTS_QUEUE, *SYSTEM_QUEUES}
    assert all(name.startswith("_") or name in ENGINE_TYPES for name in own)


@pytest.mark.parametrize("name", NOT_POLLED)
def test_queue_of_the_engine_cannot_be_polled(world: World, name: str) -> None:
    world.ports.queues.send([Message(queue=name, body="not a task")])

    with pytest.raises(InvalidRequestError, match="workers cannot poll"):
        world.poll(name)

    assert world.ports.queues.sizes([name])[name].size == 1


@pytest.mark.parametrize("domain", ["_test", "_", "_events"])
def test_domain_of_the_engine_cannot_be_polled(world: World, domain: str) -> None:
    with pytest.raises(InvalidRequestError, match="domain"):
        world.poll("a", domain)


@pytest.mark.parametrize("name", NOT_WORK)
def test_worker_task_cannot_bear_such_a_name(world: World, name: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register({"name": name, "taskReferenceName": "a", "type": "SIMPLE"})

    (violation,) = refused.value.validation_errors
    assert violation.path == "workflowDef.tasks[0].name"


@pytest.mark.parametrize("name", MARKED)
def test_task_type_cannot_be_marked(world: World, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.register({**simple("a"), "type": name})
    inline = WorkflowDef.model_validate(
        {"name": "inline", "tasks": [{**simple("a"), "type": name}]}
    )
    with pytest.raises(InvalidRequestError):
        world.engine.executions.start(StartWorkflowRequest(name="inline", workflow_def=inline))


@pytest.mark.parametrize("name", MARKED)
def test_task_definition_cannot_be_marked(world: World, name: str) -> None:
    with pytest.raises(InvalidRequestError):
        world.define(name)
    with pytest.raises(InvalidRequestError):
        world.engine.metadata.update_task_def(TaskDef(name=name))


@pytest.mark.parametrize("domains", ["_events", "eu, _system", "_test"])
def test_domains_of_a_workflow_cannot_be_marked(world: World, domains: str) -> None:
    world.register(simple("a"))
    request: dict[str, Any] = {"name": "flow", "taskToDomain": {"a": domains}}
    child = {"name": "flow", "version": 1, "taskToDomain": {"a": domains}}

    with pytest.raises(InvalidRequestError):
        world.engine.executions.start(StartWorkflowRequest.model_validate(request))
    with pytest.raises(InvalidRequestError):
        world.register(simple("s", type="SUB_WORKFLOW", subWorkflowParam=child), name="parent")
    with pytest.raises(InvalidRequestError):
        world.engine.schedules.save(
            WorkflowSchedule.model_validate(
                {"name": "s", "cronExpression": "@daily", "startWorkflowRequest": request}
            )
        )
    with pytest.raises(InvalidRequestError):
        world.engine.event_handlers.create(
            [
                EventHandler.model_validate(
                    {
                        "name": "h",
                        "event": "conductor:x",
                        "actions": [{"action": "start_workflow", "start_workflow": request}],
                    }
                )
            ]
        )


@pytest.mark.parametrize(("form", "name"), NAMED_AT_RUN_TIME)
def test_name_that_is_known_only_at_run_time_ends_the_workflow(
    world: World, name: str, form: str
) -> None:
    if form == "dynamic":
        if not name.startswith("_"):
            world.define(name)
        tasks = [system("DYNAMIC", "d", {"which": name}, dynamicTaskNameParam="which")]
    elif form == "listed":
        listed = [{"name": name, "taskReferenceName": "x", "type": "SIMPLE"}]
        fork = system(
            "FORK_JOIN_DYNAMIC",
            "f",
            {"tasks": listed, "inputs": {}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        )
        tasks = [fork, system("JOIN", "j")]
    else:
        key = "forkTaskName" if form == "same" else "forkTaskType"
        fork = system("FORK_JOIN_DYNAMIC", "f", {key: name, "forkTaskInputs": [{}]})
        tasks = [fork, system("JOIN", "j")]
    world.register(*tasks)

    workflow = world.workflow(world.start())

    assert workflow.status == "FAILED"
    assert name in str(workflow.reason_for_incompletion)
    assert all(size.size == 0 for size in world.ports.queues.sizes([name]).values())


def test_system_task_in_the_simple_form_of_a_dynamic_fork_is_one(world: World) -> None:
    inputs = {"forkTaskName": "HTTP", "forkTaskInputs": [{"uri": "http://127.0.0.1:9/x"}]}
    world.register(system("FORK_JOIN_DYNAMIC", "f", inputs), system("JOIN", "j"))
    w = world.start()

    task = world.task(w, "_HTTP_0")

    assert task.task_type == "HTTP"
    assert task.workflow_task is not None
    assert task.workflow_task.type == "HTTP"


def test_queue_of_the_engine_cannot_be_requeued(world: World) -> None:
    for name in MARKED:
        with pytest.raises(InvalidRequestError):
            world.engine.administration.requeue(name)
    assert world.engine.administration.requeue("HTTP") == 0
