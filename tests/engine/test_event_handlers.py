"""Event handlers: which events they take, what they do, and that they do it once."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dalsegno.errors import ConflictError, InvalidRequestError, NotFoundError
from dalsegno.models import EventHandler, JsonObject, WorkflowDef
from dalsegno_state.engine.event_intake import UnmatchedEventError
from dalsegno_state.incoming_event import IncomingEvent
from tests.engine.world import World, simple, system

EVENT = "sqs:orders"
DOCUMENT = Path(__file__).parents[2] / "docs" / "events.md"


def a_handler(*actions: dict[str, Any], **fields: Any) -> EventHandler:
    return EventHandler.model_validate(
        {"name": "handler", "event": EVENT, "active": True, "actions": list(actions), **fields}
    )


def start(name: str = "flow", **fields: Any) -> dict[str, Any]:
    return {"action": "start_workflow", "start_workflow": {"name": name, **fields}}


def an_event(message_id: str = "m-1", /, **payload: Any) -> IncomingEvent:
    return IncomingEvent(event=EVENT, id=message_id, payload=payload)


def take(world: World, event: IncomingEvent) -> list[JsonObject]:
    """Have an event taken in; return the outputs of the handler's executions, the last first."""
    world.engine.event_intake.take(event)
    world.pump()
    return [each.output for each in world.engine.event_handlers.executions("handler")]


def statuses(world: World, handler: str = "handler") -> list[str]:
    found = world.engine.event_handlers.executions(handler)
    return [each.status for each in sorted(found, key=lambda each: each.id)]


def waiting(world: World) -> str:
    """Start a workflow that waits; return its id."""
    world.register(system("WAIT", "wait"), name="waiting")
    return world.start("waiting")


# -- what is kept -----------------------------------------------------------------------------


def test_handler_is_kept_replaced_and_forgotten(world: World) -> None:
    handlers = world.engine.event_handlers
    handlers.create([a_handler(start()), a_handler(start(), name="idle", active=False)])

    assert [each.name for each in handlers.all()] == ["handler", "idle"]
    assert [each.name for each in handlers.of_event(EVENT, active_only=True)] == ["handler"]
    assert len(handlers.of_event(EVENT, active_only=False)) == 2
    with pytest.raises(ConflictError, match="EventHandler with name handler already exists!"):
        handlers.create([a_handler(start())])

    handlers.update(a_handler(start("other")))
    assert handlers.get("handler") == a_handler(start("other"))

    handlers.delete("handler")
    for act in (lambda: handlers.delete("handler"), lambda: handlers.update(a_handler(start()))):
        with pytest.raises(NotFoundError, match="EventHandler with name handler not found!"):
            act()


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"name": ""}, "name", "Missing event handler name"),
        ({"event": " "}, "event", "Missing event location"),
        ({"actions": []}, "actions", "No actions specified. Please specify at-least one action"),
        ({"condition": "$.a ==="}, "condition", "condition"),
        ({"evaluatorType": "python"}, "evaluatorType", "No evaluator registered for type: python"),
        ({"actions": [{"action": "start_agent"}]}, "actions[0].action", "not supported"),
        ({"actions": [start("")]}, "actions[0].start_workflow.name", "Workflow name"),
        ({"actions": [{"action": "fail_task"}]}, "actions[0].fail_task", "is required"),
        (
            {"actions": [{"action": "complete_task", "complete_task": {"workflowId": "w"}}]},
            "actions[0].complete_task",
            "taskRefName",
        ),
        (
            {"actions": [{"action": "terminate_workflow", "terminate_workflow": {}}]},
            "actions[0].terminate_workflow.workflowId",
            "cannot be null",
        ),
    ],
)
def test_handler_that_cannot_work_is_refused(
    world: World, fields: dict[str, Any], path: str, message: str
) -> None:
    broken = a_handler(start()).to_wire() | fields

    with pytest.raises(InvalidRequestError) as refused:
        world.engine.event_handlers.create([EventHandler.model_validate(broken)])

    (found,) = refused.value.validation_errors
    assert found.path == path
    assert message in found.message
    assert world.engine.event_handlers.all() == []


# -- which events -----------------------------------------------------------------------------


def test_event_without_an_active_handler_is_remembered_and_comes_again(world: World) -> None:
    world.register(simple("a"))
    world.engine.event_handlers.create([a_handler(start(), active=False)])

    for _ in range(2):
        with pytest.raises(UnmatchedEventError, match="sqs:orders"):
            world.engine.event_intake.take(an_event(n=1))

    (message,) = world.engine.event_handlers.messages(EVENT)
    assert (message.id, message.full_payload) == ("m-1", {"n": 1})
    assert world.engine.event_handlers.unmatched()[0].number_of_messages == 1
    world.engine.event_handlers.update(a_handler(start()))
    (output,) = take(world, an_event(n=1))
    assert world.workflow(str(output["workflowId"])).workflow_name == "flow"


@pytest.mark.parametrize(
    ("condition", "is_met"),
    [
        ("$.total > 100", True),
        ("$.total > 100000", False),
        ("$.customer.country == 'ES'", True),  # JSON text is read for conditions
        ("$.nothing", False),
        ("[]", True),
        ("", True),
    ],
)
def test_condition_decides_over_the_payload(world: World, condition: str, *, is_met: bool) -> None:
    world.register(simple("a"))
    world.engine.event_handlers.create([a_handler(start(), condition=condition)])

    take(world, an_event(total=250, customer='{"country": "ES"}'))

    assert statuses(world) == ["COMPLETED" if is_met else "SKIPPED"]


def test_condition_that_fails_is_remembered_and_nothing_is_done(world: World) -> None:
    broken = a_handler(start(), start(), condition="$.a.b.c", evaluatorType="javascript")
    world.engine.event_handlers.create([broken])

    for _ in range(2):
        (output,) = take(world, an_event())

    assert statuses(world) == ["FAILED"]
    assert "condition" in str(output["error"])


# -- what is done -----------------------------------------------------------------------------


def test_start_workflow_reads_the_event(world: World) -> None:
    world.register(simple("a"))
    inputs = {"id": "${order.id}", "all": "${order}", "text": "no ${order.id}", "gone": "${x.y}"}
    action = start(input=inputs, correlationId="${order.id}", version="${version}")
    world.engine.event_handlers.create([a_handler(action)])

    (output,) = take(world, an_event(order={"id": 7}, version=1, taskToDomain={"a": "d"}))

    workflow = world.workflow(str(output["workflowId"]))
    assert workflow.input == {
        "id": 7,
        "all": {"id": 7},
        "text": "no 7",
        "gone": None,
        "conductor.event.messageId": "m-1",
        "conductor.event.name": EVENT,
    }
    assert (workflow.correlation_id, workflow.event) == ("7", EVENT)
    assert workflow.task_to_domain == {"a": "d"}


def test_json_in_texts_is_read_if_asked(world: World) -> None:
    world.register(simple("a"))
    action = start(input={"id": "${order.id}"})
    plain = a_handler(action, name="plain")
    world.engine.event_handlers.create([a_handler({**action, "expandInlineJSON": True}), plain])

    (output,) = take(world, an_event(order='{"id": 7}'))
    (other,) = world.engine.event_handlers.executions("plain")

    assert world.workflow(str(output["workflowId"])).input["id"] == 7
    assert world.workflow(str(other.output["workflowId"])).input["id"] is None


def test_complete_task_ends_the_open_task_with_what_the_event_brings(world: World) -> None:
    workflow_id = waiting(world)
    details = {"workflowId": "${flow}", "taskRefName": "wait", "output": {"paid": "${paid}"}}
    complete = {"action": "complete_task", "complete_task": details}
    world.engine.event_handlers.create([a_handler(complete)])

    take(world, an_event(flow=workflow_id, paid=True))

    workflow = world.workflow(workflow_id)
    assert workflow.status == "COMPLETED"
    assert workflow.tasks[0].output_data == {
        "paid": True,
        "workflowId": workflow_id,
        "taskRefName": "wait",
    }


def test_fail_task_fails_by_id_with_its_reason(world: World) -> None:
    workflow_id = waiting(world)
    task_id = world.task(workflow_id, "wait").task_id
    details = {"taskId": "${task}", "reasonForIncompletion": "card ${why}"}
    world.engine.event_handlers.create([a_handler({"action": "fail_task", "fail_task": details})])

    take(world, an_event(task=task_id, why="refused"))

    task = world.workflow(workflow_id).tasks[0]
    assert (task.status, task.reason_for_incompletion) == ("FAILED", "card refused")


def test_terminate_workflow_ends_it(world: World) -> None:
    workflow_id = waiting(world)
    details = {"workflowId": "${flow}", "terminationReason": "order ${id} withdrawn"}
    world.engine.event_handlers.create(
        [a_handler({"action": "terminate_workflow", "terminate_workflow": details})]
    )

    take(world, an_event(flow=workflow_id, id=7))

    workflow = world.workflow(workflow_id)
    assert workflow.status == "TERMINATED"
    assert workflow.reason_for_incompletion == "order 7 withdrawn"


def test_update_workflow_variables_merges_or_appends_once(world: World) -> None:
    workflow_id = waiting(world)
    details = {"workflowId": "${flow}", "variables": {"n": "${n}", "all": ["${n}"]}}
    action = {"action": "update_workflow_variables", "update_workflow_variables": details}
    appending = {**action, "update_workflow_variables": {**details, "appendArray": True}}
    world.engine.event_handlers.create([a_handler(appending)])

    for number in (1, 2, 1):
        take(world, an_event(f"m-{number}", flow=workflow_id, n=number))

    assert world.workflow(workflow_id).variables == {"n": 2, "all": [1, 2]}
    world.engine.event_handlers.update(a_handler(action))
    take(world, an_event("m-3", flow=workflow_id, n=3))
    assert world.workflow(workflow_id).variables == {"n": 3, "all": [3]}


def test_update_workflow_variables_of_an_ended_workflow_fails(world: World) -> None:
    workflow_id = waiting(world)
    world.terminate(workflow_id)
    details = {"workflowId": workflow_id, "variables": {"n": 1}}
    action = {"action": "update_workflow_variables", "update_workflow_variables": details}
    world.engine.event_handlers.create([a_handler(action)])

    (output,) = take(world, an_event())

    assert "has ended" in str(output["error"])


def test_every_handler_and_every_action_has_its_turn(world: World) -> None:
    world.register(simple("a"))
    missing = {"action": "terminate_workflow", "terminate_workflow": {"workflowId": "${nobody}"}}
    world.engine.event_handlers.create(
        [a_handler(missing, start()), a_handler(start(), name="other")]
    )

    take(world, an_event())

    assert statuses(world) == ["FAILED", "COMPLETED"]
    assert statuses(world, "other") == ["COMPLETED"]
    (first, second) = world.engine.event_handlers.handled()
    assert (first.number_of_actions, first.number_of_messages) == (2, 1)
    assert second.name == "other"


def test_task_that_is_not_there_is_remembered_as_failed(world: World) -> None:
    details = {"workflowId": "w", "taskRefName": "wait"}
    world.engine.event_handlers.create(
        [a_handler({"action": "complete_task", "complete_task": details})]
    )

    (output,) = take(world, an_event())

    assert statuses(world) == ["FAILED"]
    assert output == {"error": "No such workflow found by id: w"}


# -- once -------------------------------------------------------------------------------------


def test_repeated_event_does_nothing(world: World) -> None:
    world.register(simple("a"))
    world.engine.event_handlers.create([a_handler(start())])

    (first,) = take(world, an_event())
    world.play(str(first["workflowId"]))
    world.clock.advance(3600)
    (again,) = take(world, an_event())
    take(world, an_event("m-2"))

    assert again == first
    assert len(statuses(world)) == 2
    assert len(world.workflow(str(first["workflowId"])).tasks) == 1


def test_repeated_event_does_not_end_the_next_attempt(world: World) -> None:
    world.define("work", retryCount=1)
    world.register(simple("work"))
    workflow_id = world.start()
    details = {"workflowId": workflow_id, "taskRefName": "work"}
    world.engine.event_handlers.create([a_handler({"action": "fail_task", "fail_task": details})])

    for _ in range(2):
        take(world, an_event())

    assert [task.status for task in world.workflow(workflow_id).tasks] == ["FAILED", "SCHEDULED"]


def test_event_of_a_task_comes_to_the_handlers(world: World) -> None:
    world.register(simple("a"))
    world.register(system("EVENT", "shipped", {"id": 7}, sink="conductor"), name="shop")
    event = "conductor:shop:shipped"
    world.engine.event_handlers.create([a_handler(start(input={"id": "${id}"}), event=event)])

    world.start("shop")
    for body in world.events():
        world.engine.event_intake.take(IncomingEvent(**body))  # type: ignore[arg-type]
    world.pump()

    (execution,) = world.engine.event_handlers.executions("handler")
    assert world.workflow(str(execution.output["workflowId"])).input["id"] == 7


def test_change_of_status_may_go_unheard(world: World) -> None:
    world.register(simple("a"), workflowStatusListenerEnabled=True)
    world.play(world.start())

    bodies = world.events()
    for body in bodies:
        world.engine.take_event(json.dumps(body))

    assert bodies
    assert world.engine.event_handlers.unmatched() == []


def test_documented_example_does_what_it_says(world: World) -> None:
    blocks = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    definition, handler, event = (json.loads(block) for block in blocks)
    world.engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition))
    world.engine.event_handlers.create([EventHandler.model_validate(handler)])
    workflow_id = world.start(definition["name"])
    event["payload"]["order"]["workflowId"] = workflow_id

    world.engine.take_event(json.dumps(event))

    workflow = world.workflow(workflow_id)
    assert workflow.status == "COMPLETED"
    assert workflow.output["amount"] == 250
    assert workflow.output["by"] == "Ann"
