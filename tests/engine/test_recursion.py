"""Workflows that start themselves come to an end."""

from typing import Any

import pytest

from dalsegno.models import EventHandler, TaskResult, TaskResultStatus
from dalsegno_state.engine import starting
from dalsegno_state.ids import EVENTS_QUEUE
from tests.engine.world import World, simple, system

START: dict[str, Any] = {"startWorkflow": {"name": "again"}}


def test_sub_workflow_of_itself_fails_at_the_depth_that_is_allowed(world: World) -> None:
    world.register(system("NOOP", "n"), name="again")
    world.register(system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "again"}), name="again")

    top = world.start("again")

    workflow = world.workflow(top)
    assert workflow.status == "FAILED"
    assert "Sub-workflows may be nested 100 levels deep at most" in (
        workflow.reason_for_incompletion or ""
    )


def test_chain_of_started_workflows_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "MAX_GENERATIONS", 20)
    world.register(system("START_WORKFLOW", "s", START), name="again")

    first = world.start("again")

    count = 0
    workflow_id: Any = first
    while workflow_id is not None:
        workflow, count = world.workflow(workflow_id), count + 1
        workflow_id = workflow.tasks[0].output_data.get("workflowId")
    assert (count, workflow.status) == (21, "FAILED")
    assert "have started each other" in (workflow.reason_for_incompletion or "")


def test_failure_workflow_of_itself_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "MAX_GENERATIONS", 5)
    world.register(
        system("TERMINATE", "t", {"terminationStatus": "FAILED"}),
        name="again",
        failureWorkflow="again",
    )

    workflow_id: Any = world.start("again")
    seen = []
    while workflow_id in (None, *seen) or not str(workflow_id).startswith("Error"):
        seen.append(workflow_id)
        workflow_id = world.workflow(workflow_id).output["conductor.failure_workflow"]

    assert len(seen) == 6
    assert "have started each other" in workflow_id


def test_event_that_starts_its_own_publisher_ends(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MAX_GENERATIONS", 5)
    world.register(system("EVENT", "e", sink="conductor"), name="again")
    action = {"action": "start_workflow", "start_workflow": {"name": "again"}}
    handler = {"name": "h", "event": "conductor:again:e", "actions": [action], "active": True}
    world.engine.event_handlers.create([EventHandler.model_validate(handler)])
    world.start("again")

    taken = 0
    while received := world.ports.queues.receive(
        EVENTS_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
    ):
        for message in received:
            world.engine.take_event(message.body)
            taken += 1
        world.ports.queues.delete(EVENTS_QUEUE, [message.receipt for message in received])
        world.pump()

    assert taken == 6


def test_child_does_not_start_under_a_workflow_that_has_ended(world: World) -> None:
    world.register(simple("wait"), name="leaf")
    world.register(
        simple("first"), system("SUB_WORKFLOW", "s", subWorkflowParam={"name": "leaf"}), name="mid"
    )
    world.register(system("SUB_WORKFLOW", "m", subWorkflowParam={"name": "mid"}), name="top")
    top = world.start("top")
    mid = world.child(top, "m").workflow_id
    first = world.take("first")

    world.engine.executions.terminate(top, None)  # its message to the middle one is on its way
    world.engine.tasks.update(
        TaskResult(
            workflow_instance_id=mid, task_id=first.task_id, status=TaskResultStatus.COMPLETED
        )
    )

    assert world.workflow(mid).tasks[-1].sub_workflow_id is None
    world.pump()
    assert world.workflow(mid).status in {"TERMINATED", "FAILED"}
    assert world.poll("wait") == []
