"""What a failure leads to: passed over, noted for the end, or a failure workflow."""

from typing import Any

import pytest

from dalsegno.models import Workflow, WorkflowDef
from tests.engine.world import (
    World,
    done,
    fails,
    fails_for_good,
    simple,
    system,
    task_of,
    trace,
)


@pytest.fixture(autouse=True)
def _definitions(world: World) -> None:
    world.define("a", retryCount=0)
    world.register(simple("undo"), name="compensate")


# -- optional and permissive ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "task", "workflow"),
    [
        ({"optional": True}, "COMPLETED_WITH_ERRORS", "COMPLETED"),
        ({"permissive": True}, "FAILED", "FAILED"),
        ({"optional": True, "permissive": True}, "COMPLETED_WITH_ERRORS", "COMPLETED"),
    ],
)
def test_failure_that_is_passed_over(
    world: World, flags: dict[str, Any], task: str, workflow: str
) -> None:
    ended = world.run(simple("a", **flags), simple("z"), workers={"a": fails("no luck")})

    assert trace(ended) == [f"a:a:{task}", "z:z:COMPLETED"]
    assert ended.status == workflow


def test_reasons_of_permissive_failures_are_all_told(world: World) -> None:
    workflow = world.run(
        simple("a", permissive=True),
        simple("b", permissive=True),
        simple("z"),
        workers={"a": fails_for_good("one"), "b": fails_for_good("two")},
    )

    a, b = task_of(workflow, "a").task_id, task_of(workflow, "b").task_id
    assert workflow.reason_for_incompletion == (
        f"Task {a} failed with status: FAILED_WITH_TERMINAL_ERROR and reason: 'one'. "
        f"Task {b} failed with status: FAILED_WITH_TERMINAL_ERROR and reason: 'two'"
    )


def test_output_of_an_optional_failure_can_be_read(world: World) -> None:
    workflow = world.run(
        simple("a", optional=True),
        simple("z", inputParameters={"status": "${a.status}", "why": "${a.reasonForIncompletion}"}),
        workers={"a": fails("no luck")},
    )

    expected = {"status": "COMPLETED_WITH_ERRORS", "why": "no luck"}
    assert task_of(workflow, "z").input_data == expected


# -- the failure workflow ---------------------------------------------------------------------


def failure_of(world: World, workflow: Workflow) -> Workflow:
    return world.workflow(str(workflow.output["conductor.failure_workflow"]))


def test_failure_workflow_learns_what_happened(world: World) -> None:
    world.register(simple("a"), failureWorkflow="compensate")
    w = world.start(inputs={"x": 1}, correlationId="c1", taskToDomain={"undo": "east"})

    world.report(world.take("a"), fails("no luck"))

    workflow = world.workflow(w)
    failure = failure_of(world, workflow)
    failed = failure.input.pop("failedWorkflow")
    assert failure.input == {
        "x": 1,
        "workflowId": w,
        "reason": workflow.reason_for_incompletion,
        "failureStatus": "FAILED",
        "failureTaskId": task_of(workflow, "a").task_id,
    }
    assert isinstance(failed, dict)
    assert (failed["workflowId"], failed["status"]) == (w, "FAILED")
    assert [t["status"] for t in failed["tasks"]] == ["FAILED"]  # type: ignore[union-attr,index,call-overload]
    assert (failure.correlation_id, failure.task_to_domain) == ("c1", {"undo": "east"})
    assert failure.parent_workflow_id is None
    assert len(world.poll("undo", "east")) == 1


def test_failure_workflow_may_be_named_by_the_input(world: World) -> None:
    world.register(simple("a"), failureWorkflow="$workflow.input.onFailure")
    w = world.start(inputs={"onFailure": "compensate"})

    world.report(world.take("a"), fails())

    assert failure_of(world, world.workflow(w)).workflow_name == "compensate"


def test_failure_workflow_has_the_asked_version(world: World) -> None:
    world.register(simple("undo2"), name="compensate", version=2)
    world.register(simple("a"), failureWorkflow="compensate", failureWorkflowVersion=1)
    w = world.start()

    world.report(world.take("a"), fails())

    assert failure_of(world, world.workflow(w)).workflow_version == 1


def test_missing_failure_workflow_is_told_in_the_output(world: World) -> None:
    workflow = world.run(simple("a"), workers={"a": fails()}, failureWorkflow="nobody")

    assert workflow.status == "FAILED"
    assert "nobody" in str(workflow.output["conductor.failure_workflow"])


def test_failure_workflow_is_kept_beside_the_output(world: World) -> None:
    workflow = world.run(
        simple("a"),
        workers={"a": fails()},
        failureWorkflow="compensate",
        outputParameters={"x": "${workflow.input.x}"},
        inputs={"x": 1},
    )

    assert set(workflow.output) == {"x", "conductor.failure_workflow"}


def test_timeout_is_followed_by_the_failure_workflow(world: World) -> None:
    world.register(
        simple("a"), failureWorkflow="compensate", timeoutSeconds=20, timeoutPolicy="TIME_OUT_WF"
    )
    w = world.start()

    world.advance(20)

    assert failure_of(world, world.workflow(w)).input["failureStatus"] == "TIMED_OUT"


def test_termination_from_outside_is_not(world: World) -> None:
    world.register(simple("a"), failureWorkflow="compensate")
    w = world.start()

    world.terminate(w, "enough")

    assert "conductor.failure_workflow" not in world.workflow(w).output
    assert world.poll("undo") == []


def test_success_is_not(world: World) -> None:
    workflow = world.run(simple("a"), failureWorkflow="compensate")

    assert workflow.status == "COMPLETED"
    assert "conductor.failure_workflow" not in workflow.output


def test_each_level_has_its_own_failure_workflow(world: World) -> None:
    world.register(simple("a"), name="child", failureWorkflow="compensate")
    world.register(
        system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "child"}),
        failureWorkflow="compensate",
    )
    w = world.start()

    world.report(world.take("a"), fails())

    child = world.child(w, "s")
    assert failure_of(world, child).input["workflowId"] == child.workflow_id
    assert failure_of(world, world.workflow(w)).input["workflowId"] == w


def test_failure_workflow_starts_once_however_often_the_end_is_looked_at(world: World) -> None:
    world.register(simple("a"), failureWorkflow="compensate")
    w = world.start()
    world.report(world.take("a"), fails())

    for _ in range(3):
        world.engine.executions.decide(w)
        world.advance(60)

    assert len(world.poll("undo", count=10)) == 1
    assert world.workflow(w).status == "FAILED"


# -- the end of a workflow --------------------------------------------------------------------


def test_output_is_that_of_the_last_task(world: World) -> None:
    workflow = world.run(simple("b"), simple("c"), workers={"b": done(x=1), "c": done(y=2)})

    assert workflow.output == {"y": 2}


def test_workflow_without_tasks_completes_at_once(world: World) -> None:
    world.ports.definitions.put_workflow_def(WorkflowDef(name="empty"))

    workflow = world.workflow(world.start("empty"))

    assert workflow.status == "COMPLETED"
    assert workflow.reason_for_incompletion == "No tasks found to be executed"
