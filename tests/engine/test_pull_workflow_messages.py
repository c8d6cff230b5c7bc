"""PULL_WORKFLOW_MESSAGES: take what was sent to the workflow's message queue."""

from typing import Any

import pytest

from dalsegno.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
)
from dalsegno.models import JsonObject, Task
from dalsegno_state.engine import messages
from dalsegno_state.ports import Message
from tests.engine.world import Definition, World, done, simple, system, trace

DAY_SECONDS = 86_400


def a_pull(ref: str = "p", **inputs: Any) -> Definition:
    return system("PULL_WORKFLOW_MESSAGES", ref, inputs)


def payloads(task: Task) -> list[JsonObject]:
    """Return what a task was handed."""
    found = task.output_data["messages"]
    assert isinstance(found, list)
    assert task.output_data["count"] == len(found)
    return [m["payload"] for m in found if isinstance(m, dict) and isinstance(m["payload"], dict)]


def test_task_waits_for_a_message_and_completes_with_it(world: World) -> None:
    world.register(a_pull(), simple("z", inputParameters={"m": "${p.output.messages[0].payload}"}))
    w = world.start()
    assert world.trace(w) == ["PULL_WORKFLOW_MESSAGES:p:IN_PROGRESS"]

    message_id = world.push(w, {"n": 1})

    assert world.task(w, "p").output_data == {
        "count": 1,
        "messages": [
            {
                "id": message_id,
                "workflowId": w,
                "payload": {"n": 1},
                "receivedAt": "2025-06-15T15:06:40.000Z",
            }
        ],
    }
    assert world.task(w, "z").input_data == {"m": {"n": 1}}


def test_messages_come_in_order_up_to_the_size_of_the_batch(world: World) -> None:
    world.register(simple("a"), a_pull("p", batchSize=3), a_pull("q", batchSize="100"))
    w = world.start()
    for n in range(5):
        world.push(w, {"n": n})

    workflow = world.play(w)

    assert [payloads(task) for task in workflow.tasks[1:]] == [
        [{"n": 0}, {"n": 1}, {"n": 2}],
        [{"n": 3}, {"n": 4}],
    ]


def test_task_that_may_not_wait_completes_with_nothing(world: World) -> None:
    workflow = world.run(a_pull(blocking=False))

    assert (workflow.status, workflow.tasks[0].output_data) == (
        "COMPLETED",
        {"messages": [], "count": 0},
    )


def test_each_message_is_for_one_task(world: World) -> None:
    branches = [[a_pull("p")], [a_pull("q")]]
    world.register(
        {**system("FORK_JOIN", "f"), "forkTasks": branches},
        {**system("JOIN", "j"), "joinOn": ["p", "q"]},
    )
    w = world.start()

    world.push(w, {"n": 1})
    assert sorted(world.task(w, ref).status for ref in "pq") == ["COMPLETED", "IN_PROGRESS"]

    world.push(w, {"n": 2})
    handed = [payloads(world.task(w, ref)) for ref in "pq"]
    assert sorted(handed, key=str) == [[{"n": 1}], [{"n": 2}]]


def test_repeated_look_takes_nothing_more(world: World) -> None:
    world.register(a_pull(), simple("z"))
    w = world.start()
    world.push(w, {"n": 1})

    world.ports.queues.send([Message(queue="_system", body=world.task(w, "p").task_id)])
    world.push(w, {"n": 2})

    assert payloads(world.task(w, "p")) == [{"n": 1}]


def test_what_an_attempt_had_reserved_that_ended_without_it_goes_to_the_next(world: World) -> None:
    world.define(
        "p", retryCount=1, timeoutSeconds=60, responseTimeoutSeconds=60, timeoutPolicy="RETRY"
    )
    world.register(a_pull())
    w = world.start()
    world.engine.messages.push(w, {"n": 1})  # nobody is there to take it
    first = world.task(w, "p").task_id
    taken = world.engine.messages.take(_stored(world, w), first, 1)
    assert [message["payload"] for message in taken] == [{"n": 1}]
    world.ports.queues.delete("_system", _receipts(world))

    world.advance(60)

    task = world.task(w, "p")
    assert (task.retry_count, payloads(task)) == (1, [{"n": 1}])


def test_what_was_handed_over_is_not_kept(world: World) -> None:
    world.register(a_pull(), simple("z"))
    w = world.start()

    world.push(w, {"n": 1})

    assert world.ports.documents.documents(f"messages/{w}/0") == []
    assert world.ports.documents.documents(f"waiting/{w}/0") == []


def test_waiting_has_no_response_timeout_and_costs_ever_fewer_looks(world: World) -> None:
    world.define("p", responseTimeoutSeconds=10)
    world.register(a_pull())
    w = world.start()

    looks = 0
    for _ in range(60):
        world.clock.advance(DAY_SECONDS / 2)
        looks += world.engine.sweep()
        world.pump()

    assert world.trace(w) == ["PULL_WORKFLOW_MESSAGES:p:IN_PROGRESS"]
    assert looks <= 120


def test_message_is_found_though_the_news_of_it_was_lost(world: World) -> None:
    world.register(a_pull())
    w = world.start()
    body: JsonObject = {"id": "m", "workflowId": w, "payload": {"n": 1}, "receivedAt": "now"}
    expires_at = world.clock.now() + 86_400_000
    world.ports.documents.create(
        f"messages/{w}/0", "1", {**body, "expiresAt": expires_at}, expires_at=expires_at
    )

    for _ in range(10):
        world.advance(600)

    assert payloads(world.task(w, "p")) == [{"n": 1}]


# -- what is refused --------------------------------------------------------------------------


def test_message_for_nobody_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError, match="Workflow not found: nobody"):
        world.push("nobody", {})


@pytest.mark.parametrize("end", ["pause", "terminate"])
def test_message_for_a_workflow_that_does_not_run_is_refused(world: World, end: str) -> None:
    world.register(simple("a"), a_pull(blocking=False))
    w = world.start()
    if end == "pause":
        world.engine.executions.pause(w)
    else:
        world.terminate(w)

    with pytest.raises(ConflictError):
        world.push(w, {"n": 1})

    assert world.ports.documents.documents(f"messages/{w}/0") == []


def test_no_more_messages_are_kept_than_there_may_be(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CAPACITY", 3)
    world.register(simple("a"), a_pull())
    w = world.start()
    for n in range(3):
        world.push(w, {"n": n})

    with pytest.raises(TooManyRequestsError):
        world.push(w, {"n": 3})

    world.play(w)
    assert world.workflow(w).status == "COMPLETED"


def test_message_that_is_too_long_is_refused(world: World) -> None:
    world.register(a_pull())
    w = world.start()

    with pytest.raises(PayloadTooLargeError):
        world.push(w, {"text": "x" * 262_144})


def test_message_is_forgotten_after_a_day(world: World) -> None:
    world.register(simple("a"), a_pull(blocking=False))
    w = world.start()
    world.push(w, {"n": 1})

    world.advance(DAY_SECONDS + 1)

    assert trace(world.play(w))[-1] == "PULL_WORKFLOW_MESSAGES:p:COMPLETED"
    assert payloads(world.task(w, "p")) == []


def test_messages_end_with_the_run_they_were_for(world: World) -> None:
    world.register(simple("a"), a_pull(blocking=False))
    w = world.start()
    world.push(w, {"n": 1})
    world.terminate(w)

    world.restart(w)
    world.play(w)

    assert payloads(world.task(w, "p")) == []


@pytest.mark.parametrize("size", [0, 101, "many", True, 1.5])
def test_impossible_batch_is_refused_at_registration(world: World, size: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(a_pull(batchSize=size))

    assert "inputParameters.batchSize" in refused.value.validation_errors[0].message


def test_impossible_batch_from_an_expression_fails_for_good(world: World) -> None:
    workflow = world.run(a_pull(batchSize="${workflow.input.n}"), inputs={"n": 0})

    assert trace(workflow) == ["PULL_WORKFLOW_MESSAGES:p:FAILED_WITH_TERMINAL_ERROR"]


def test_waiting_task_can_be_completed_by_hand(world: World) -> None:
    world.register(a_pull())
    w = world.start()

    world.tell(w, "p", done(by="hand"))

    assert world.workflow(w).status == "COMPLETED"


def _stored(world: World, workflow_id: str) -> Any:
    stored = world.ports.state.workflow(workflow_id)
    assert stored is not None
    return stored


def _receipts(world: World) -> list[str]:
    received = world.ports.queues.receive(
        "_system", count=10, wait_seconds=0, visibility_seconds=60
    )
    return [message.receipt for message in received]
