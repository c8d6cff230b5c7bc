"""START_WORKFLOW: another workflow, not waited for."""

from typing import Any

import pytest

from tests.engine.world import Definition, World, done, simple, system, task_of


def a_start(request: Any = None, **fields: Any) -> Definition:
    inputs = {} if request is None else {"startWorkflow": request}
    return system("START_WORKFLOW", "s", inputs, **fields)


def test_workflow_is_started_on_its_own(world: World) -> None:
    world.register(simple("k"), name="other")
    task = a_start({"name": "other", "input": {"x": "${workflow.input.x}"}})
    world.register(task, simple("z"))

    w = world.start(inputs={"x": 1}, correlationId="c1", taskToDomain={"q": "west"})

    started = world.workflow(str(world.task(w, "s").output_data["workflowId"]))
    assert (started.workflow_name, started.input) == ("other", {"x": 1})
    assert (started.parent_workflow_id, started.correlation_id) == (None, "c1")
    assert started.task_to_domain == {"q": "west"}
    assert world.task(w, "z").status == "SCHEDULED"

    world.report(world.take("z"), done())
    assert world.workflow(w).status == "COMPLETED"
    assert world.workflow(started.workflow_id).status == "RUNNING"


def test_request_may_say_its_own_correlation_and_domains(world: World) -> None:
    world.register(simple("k"), name="other")
    request = {"name": "other", "version": 1, "correlationId": "c2", "taskToDomain": {"k": "e"}}
    world.register(a_start(request))

    w = world.start(correlationId="c1", taskToDomain={"q": "west"})

    started = world.workflow(str(world.task(w, "s").output_data["workflowId"]))
    assert (started.correlation_id, started.task_to_domain) == ("c2", {"k": "e"})


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (None, "Missing 'startWorkflow' in input data."),
        ({"version": 1}, "startWorkflow validation failed. "),
        ({"name": "nobody"}, "No such workflow defined. name=nobody"),
    ],
    ids=["missing", "unnamed", "unknown"],
)
def test_bad_request_fails_the_task(world: World, request_: Any, reason: str) -> None:
    workflow = world.run(a_start(request_))

    assert task_of(workflow, "s").status == "FAILED"
    assert reason in str(task_of(workflow, "s").reason_for_incompletion)
    assert workflow.status == "FAILED"


def test_started_workflow_outlives_the_one_that_started_it(world: World) -> None:
    world.register(simple("k"), name="other")
    world.register(a_start({"name": "other"}), simple("z"))
    w = world.start()
    other = str(world.task(w, "s").output_data["workflowId"])

    world.terminate(w)

    assert world.workflow(other).status == "RUNNING"
