"""Chains of messages that change nothing end; those that make progress go on."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("aws_lambda_powertools", reason="the extra aws is not installed")

from dalsegno_functions import batch
from dalsegno_functions.batch import Consumer, consume
from dalsegno_functions.observed_state import ObservedStateStore
from dalsegno_functions.progress import Progress
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.client import Clients
from dalsegno_state.execution import WorkflowState
from dalsegno_state.hops import next_hops, working_on
from dalsegno_state.ids import EVALUATOR_QUEUE
from dalsegno_state.ports import Message
from dalsegno_state.writes import Arrival, CreateTask, PullWake, SetWake, UpdateWorkflow
from tests.builders import NOW, a_task, a_workflow_state
from tests.clock import ManualClock

MAX_HOPS = 5
ROUNDS = 3 * MAX_HOPS
NEXT = Message(queue=EVALUATOR_QUEUE, body="again")

Act = Callable[[ObservedStateStore, WorkflowState], object]

PROGRESS: dict[str, Act] = {
    "a task is created": lambda state, workflow: state.commit([CreateTask(a_task())]),
    "the workflow is written": lambda state, workflow: state.commit([UpdateWorkflow(workflow, 0)]),
    "somebody arrives at a join": lambda state, workflow: state.arrive(
        Arrival(workflow.workflow_id, "join", "", 1)
    ),
    "a part is removed": lambda state, workflow: state.clear(workflow.workflow_id, 1),
    "all of it is removed": lambda state, workflow: state.remove(workflow.workflow_id),
}
STANDSTILL: dict[str, Act] = {
    "nothing is done": lambda state, workflow: None,
    "it is only read": lambda state, workflow: state.workflow(workflow.workflow_id),
    "the wake is moved": lambda state, workflow: state.commit(
        [SetWake(workflow.workflow_id, workflow.wake_at, NOW + 60_000, 60_000)]
    ),
    "the wake is pulled": lambda state, workflow: state.commit(
        [PullWake(workflow.workflow_id, NOW + 60_000)]
    ),
    "a write loses": lambda state, workflow: state.commit([UpdateWorkflow(workflow, 77)]),
}


@pytest.fixture(autouse=True)
def _few_hops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MAX_HOPS", MAX_HOPS)


def _store(ports: AwsPorts) -> ObservedStateStore:
    return ObservedStateStore(ports.state, (Progress(),))


def _received(admin: Clients) -> list[dict[str, Any]]:
    """Take the messages that wait, as an event source mapping hands them to a function."""
    url = admin.sqs.list_queues()["QueueUrls"][0]
    reply = admin.sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=0
    )
    messages = reply.get("Messages", [])
    for message in messages:
        admin.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": "1"},
            "messageAttributes": {
                name: {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
                for name, value in message.get("MessageAttributes", {}).items()
            },
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
        }
        for message in messages
    ]


def _invocations(admin: Clients, ports: AwsPorts, work: Callable[[str], None]) -> int:
    """Return how many of the first rounds of a chain the work is done in."""
    done = 0

    def counted(body: str) -> None:
        nonlocal done
        done += 1
        work(body)

    ports.queues.send([NEXT])
    for _ in range(ROUNDS):
        event = {"Records": _received(admin)}
        if event["Records"]:
            consume(event, None, ports.queues, lambda _: Consumer(EVALUATOR_QUEUE, counted, True))
    return done


@pytest.mark.parametrize("act", STANDSTILL.values(), ids=STANDSTILL)
def test_a_chain_without_progress_ends(act: Act, ports: AwsPorts, admin: Clients) -> None:
    state, workflow = _store(ports), a_workflow_state()
    state.create_workflow(workflow)

    def work(_: str) -> None:
        act(state, workflow)
        ports.queues.send([NEXT])

    assert _invocations(admin, ports, work) == MAX_HOPS + 1


def test_a_chain_with_progress_goes_on(ports: AwsPorts, admin: Clients) -> None:
    state, done = _store(ports), 0

    def work(_: str) -> None:
        nonlocal done
        done += 1
        state.commit([CreateTask(a_task(ref=f"t__{done}"))])
        ports.queues.send([NEXT])

    assert _invocations(admin, ports, work) == ROUNDS


def test_a_chain_that_waits_at_each_hop_is_bounded_by_its_waits(
    ports: AwsPorts, admin: Clients, clock: ManualClock
) -> None:
    with working_on(MAX_HOPS):
        ports.queues.send([Message(queue="later", body="x", deliver_at=clock.now() + 1)])
        ports.queues.send([Message(queue="now", body="x")])

    counts = {}
    for url in admin.sqs.list_queues()["QueueUrls"]:
        (message,) = admin.sqs.receive_message(
            QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=3
        )["Messages"]
        counts[url.rpartition("-")[2]] = message.get("MessageAttributes", {}).get("hops")
    assert counts["later"] is None
    assert counts["now"] == {"DataType": "Number", "StringValue": str(MAX_HOPS + 1)}


@pytest.mark.parametrize("act", PROGRESS.values(), ids=PROGRESS)
def test_every_change_begins_the_count_anew(act: Act, ports: AwsPorts) -> None:
    state, workflow = _store(ports), a_workflow_state()
    state.create_workflow(workflow)

    with working_on(7):
        before = next_hops()
        act(state, workflow)
        after = next_hops()

    assert (before, after) == (8, 0)
    assert next_hops() == 0
