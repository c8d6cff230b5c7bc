"""onStateChange and workflowStatusListenerEnabled: events that tell of changes of status."""

import json
from typing import Any

import pytest

from dalsegno_state.ids import EVENTS_QUEUE
from tests.engine.world import World, done, fails, fails_for_good, in_progress, simple, system


def events(world: World) -> list[dict[str, Any]]:
    """Return the events that wait to be read, and read them."""
    received = world.ports.queues.receive(
        EVENTS_QUEUE, count=100, wait_seconds=0, visibility_seconds=60
    )
    world.ports.queues.delete(EVENTS_QUEUE, [message.receipt for message in received])
    return [json.loads(message.body) for message in received]


def statuses(world: World) -> list[str]:
    return [event["payload"]["status"] for event in events(world)]


def telling(*changes: str, **fields: Any) -> dict[str, Any]:
    told = {change: [{"type": change, "payload": {}}] for change in changes}
    return simple("a", onStateChange=told, **fields)


ALL = ("onScheduled", "onStart", "onSuccess", "onFailed", "onCancelled")


def test_event_says_which_task_changed_and_what_its_payload_asks_for(world: World) -> None:
    payload = {"n": "${a.output.n}", "c": "${workflow.input.c}", "fixed": [1]}
    world.register(simple("a", onStateChange={"onSuccess": [{"type": "paid", "payload": payload}]}))
    w = world.start(inputs={"c": 7}, correlationId="c1")
    task = world.take("a")
    world.report(task, done(n=3))

    (event,) = events(world)
    assert event["event"] == "conductor:flow:paid"
    assert event["id"].startswith(task.task_id)
    assert event["payload"] == {
        "n": 3,
        "c": 7,
        "fixed": [1],
        "taskId": task.task_id,
        "taskType": "a",
        "taskDefName": "a",
        "referenceTaskName": "a",
        "status": "COMPLETED",
        "workflowInstanceId": w,
        "workflowType": "flow",
        "workflowVersion": 1,
        "correlationId": "c1",
    }


def test_each_change_is_told_once(world: World) -> None:
    world.define("a", retryCount=1)
    world.register(telling(*ALL))
    w = world.start()
    world.report(world.take("a"), in_progress())
    world.report(world.take("a"), fails())
    world.report(world.take("a"), done())
    world.advance(7 * 3600)

    found = events(world)
    assert [event["payload"]["status"] for event in found] == [
        "SCHEDULED",
        "IN_PROGRESS",
        "SCHEDULED",
        "IN_PROGRESS",
        "FAILED",
        "SCHEDULED",
        "IN_PROGRESS",
        "COMPLETED",
    ]
    assert len({event["id"] for event in found}) == len(found)
    assert world.workflow(w).status == "COMPLETED"


def test_changes_that_nobody_asks_for_are_not_told(world: World) -> None:
    world.register(telling("onFailed"), simple("b"))
    w = world.start()

    world.report(world.take("a"), done())
    assert events(world) == []
    world.terminate(w)
    assert events(world) == []


def test_several_changes_may_share_a_key(world: World) -> None:
    world.register(simple("a", onStateChange={"onStart, onCancelled": [{"type": "x"}]}))
    w = world.start()
    world.take("a")

    world.terminate(w)

    assert statuses(world) == ["IN_PROGRESS", "CANCELED"]


def test_failure_of_an_optional_task_is_told(world: World) -> None:
    world.register(telling("onFailed", "onSuccess", optional=True))
    world.start()

    world.report(world.take("a"), fails_for_good())

    assert statuses(world) == ["COMPLETED_WITH_ERRORS"]


def test_tasks_of_loops_and_dynamic_forks_tell_too(world: World) -> None:
    child = telling("onSuccess")
    world.register(
        system(
            "FORK_JOIN_DYNAMIC",
            "f",
            {"tasks": [child], "inputs": {}},
            dynamicForkTasksParam="tasks",
            dynamicForkTasksInputParamName="inputs",
        ),
        system("JOIN", "j"),
        system(
            "DO_WHILE",
            "l",
            loopCondition="$.l['iteration'] < 2",
            loopOver=[simple("b", onStateChange={"onSuccess": [{"type": "x"}]})],
        ),
    )

    world.play(world.start())

    refs = [event["payload"]["referenceTaskName"] for event in events(world)]
    assert sorted(refs) == ["a", "b__1", "b__2"]


def test_payload_that_cannot_be_evaluated_is_sent_as_it_is(world: World) -> None:
    bad = {"x": "${workflow.input.${workflow.input.by}}"}
    world.register(simple("a", onStateChange={"onScheduled": [{"type": "x", "payload": bad}]}))

    w = world.start(inputs={"by": "x["})

    assert world.workflow(w).status == "RUNNING"
    assert events(world)[0]["payload"]["x"] == bad["x"]


# -- workflows ---------------------------------------------------------------------------------


def test_workflow_tells_of_its_changes_if_its_listener_is_enabled(world: World) -> None:
    world.register(simple("a"), workflowStatusListenerEnabled=True)
    w = world.start(correlationId="c1")
    world.engine.executions.pause(w)
    world.resume(w)
    world.report(world.take("a"), fails_for_good())
    world.retry(w)
    world.report(world.take("a"), done())
    world.advance(7 * 3600)

    found = events(world)
    assert [event["payload"]["status"] for event in found] == [
        "RUNNING",
        "PAUSED",
        "RUNNING",
        "FAILED",
        "RUNNING",
        "COMPLETED",
    ]
    assert len({event["id"] for event in found}) == len(found)
    assert {event["event"] for event in found} == {"conductor:flow:workflow_status"}
    assert found[0]["payload"] == {
        "workflowInstanceId": w,
        "workflowType": "flow",
        "workflowVersion": 1,
        "correlationId": "c1",
        "status": "RUNNING",
        "reasonForIncompletion": None,
    }
    assert "hopeless" in found[3]["payload"]["reasonForIncompletion"]


def test_sink_names_the_event(world: World) -> None:
    world.register(
        simple("a"), workflowStatusListenerEnabled=True, workflowStatusListenerSink="orders"
    )
    world.start()

    assert events(world)[0]["event"] == "conductor:flow:orders"


@pytest.mark.parametrize("enabled", [True, False])
def test_workflow_of_instant_tasks_tells_of_start_and_end(world: World, *, enabled: bool) -> None:
    workflow = world.run(system("NOOP", "n"), workflowStatusListenerEnabled=enabled)

    assert workflow.status == "COMPLETED"
    assert statuses(world) == (["RUNNING", "COMPLETED"] if enabled else [])
