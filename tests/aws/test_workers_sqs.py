"""Worker functions that take their tasks from SQS, and as Lambda functions on its queues."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from dalsegno import Retry, TaskContext, Worker, worker
from dalsegno.models import Task, TaskStatus, Workflow, WorkflowStatus
from dalsegno.queue_names import sqs_name
from dalsegno.workers import Polling, WorkerFunction
from dalsegno.workers.lambda_function import NonRetryableException, TaskFailed
from dalsegno.workers.sqs import SqsMessage, SqsQueues
from dalsegno_state.ports import Message
from dalsegno_state.scripts import Scripts
from tests.aws.api_on_moto import PREFIX, Deployment, deployment
from tests.eventually import eventually
from tests.misbehaving import Answer, Behaviour, Forward, Seen, misbehaving

SHORT = Polling(wait_seconds=1)
LEASE_SECONDS = 6  # renewed when over by half or so, which a machine under load is late for


@pytest.fixture(scope="module")
def place() -> Iterator[Deployment]:
    from dalsegno_state.sandbox import SandboxedScripts

    scripts: Scripts = SandboxedScripts()
    with deployment(scripts) as deployed:
        yield deployed
    scripts.close()


@dataclass(frozen=True)
class CountedQueues(SqsQueues):
    requests: Counter[str] = field(default_factory=Counter)

    def receive(self, url: str, count: int, wait_seconds: int) -> list[SqsMessage]:
        found = super().receive(url, count, wait_seconds)
        self.requests["receive" if found else "idle"] += 1
        return found

    def send_results(self, bodies: Sequence[str]) -> frozenset[int]:
        self.requests["send"] += 1
        return super().send_results(bodies)

    def delete(self, url: str, receipts: Sequence[str]) -> frozenset[int]:
        self.requests["delete"] += 1
        return super().delete(url, receipts)


def a_worker(place: Deployment, *functions: WorkerFunction[Any, Any], **options: Any) -> Worker:
    queues = options.pop("queues", None) or SqsQueues(prefix=PREFIX)
    return Worker(*functions, url=place.url, queues=queues, polling=SHORT, **options)


def ended(place: Deployment, workflow_id: str) -> Workflow:
    return eventually(
        lambda: place.look(workflow_id), lambda found: found.status is not WorkflowStatus.RUNNING
    )


def test_tasks_are_received_reported_and_deleted_ten_at_a_time(place: Deployment) -> None:
    together = threading.Barrier(10)

    @worker("sqs-double", concurrency=10)
    def double(number: int) -> int:
        together.wait(60)
        return 2 * number

    name, queues = place.register("sqs-double"), CountedQueues(prefix=PREFIX)
    ids = [place.start(name, number) for number in range(20)]
    with a_worker(place, double, queues=queues):
        outputs = [ended(place, workflow_id).tasks[0].output_data for workflow_id in ids]
    assert outputs == [{"result": 2 * number} for number in range(20)]
    assert place.messages("sqs-double") == 0
    # 2 of each where the machine is quick, 20 if it were one at a time
    for kind in ("receive", "send", "delete"):
        assert queues.requests[kind] <= 10, queues.requests


@pytest.mark.waits(LEASE_SECONDS * 1.5)
def test_long_task_keeps_its_message_and_its_progress_is_seen(place: Deployment) -> None:
    runs: list[str] = []

    @worker("sqs-long")
    def long(task: TaskContext) -> None:
        runs.append(task.task_id)
        task.progress(percent=40)
        time.sleep(LEASE_SECONDS * 1.5)

    workflow_id = place.start(place.register("sqs-long"))
    queues = SqsQueues(prefix=PREFIX, visibility_seconds=LEASE_SECONDS)
    with a_worker(place, long, queues=queues), a_worker(place, long, queues=queues):
        eventually(
            lambda: place.look(workflow_id).tasks[0].output_data, lambda it: it == {"percent": 40}
        )
        (task,) = ended(place, workflow_id).tasks

    assert task.status is TaskStatus.COMPLETED
    assert runs == [task.task_id]


def test_task_announced_twice_is_done_once(place: Deployment) -> None:
    gate, runs = threading.Event(), Counter[str]()

    @worker("sqs-twice")
    def once(task: TaskContext) -> None:
        runs[task.task_id] += 1
        gate.wait(60)

    workflow_id = place.start(place.register("sqs-twice"))
    (task,) = place.look(workflow_id).tasks
    again = Message(queue="sqs-twice", body=task.task_id)
    place.ports.queues.send([again])
    with a_worker(place, once, concurrency=4):
        eventually(lambda: runs[task.task_id], bool)
        place.ports.queues.send([again])
        time.sleep(1)
        gate.set()
        ended(place, workflow_id)
        place.ports.queues.send([again])
        eventually(lambda: place.messages("sqs-twice"), lambda count: count == 0)

    assert runs == {task.task_id: 1}


def test_message_of_a_task_that_is_not_open_any_more_is_deleted(place: Deployment) -> None:
    @worker("sqs-ended")
    def never() -> None:
        raise AssertionError("nobody waits for this")

    workflow_id = place.start(place.register("sqs-ended"))
    place.engine.executions.terminate(workflow_id, "enough")
    place.ports.queues.send([Message(queue="sqs-ended", body="no-such-task.0.0.cmVm")])
    with a_worker(place, never):
        eventually(lambda: place.messages("sqs-ended"), lambda count: count == 0)

    assert place.look(workflow_id).tasks[0].status is TaskStatus.CANCELED


def test_retry_after_a_time_brings_the_task_back(place: Deployment) -> None:
    began: list[float] = []

    @worker("sqs-retry")
    def patient() -> None:
        began.append(time.monotonic())
        if len(began) == 1:
            raise Retry("not yet", after_seconds=2)

    workflow_id = place.start(place.register("sqs-retry"))
    with a_worker(place, patient):
        (task,) = ended(place, workflow_id).tasks

    assert (task.status, task.retry_count) == (TaskStatus.COMPLETED, 0)
    assert began[1] - began[0] > 1


def test_result_too_large_for_a_message_goes_over_http(place: Deployment) -> None:
    @worker("sqs-large")
    def large() -> str:
        return "ü" * 100_000

    workflow_id = place.start(place.register("sqs-large"))
    with a_worker(place, large):
        (task,) = ended(place, workflow_id).tasks

    assert task.output_data == {"result": "ü" * 100_000}


def test_secrets_are_revealed_to_the_worker_alone(place: Deployment) -> None:
    @worker("sqs-secret")
    def pay(pin: str) -> int:
        return len(pin)

    place.engine.secrets.put("pin", "123456")
    name = place.register("sqs-secret", inputs={"pin": "${workflow.secrets.pin}"})
    in_process, in_lambda = place.start(name), place.start(name)
    a_worker(place, pay).lambda_handler()(an_event("sqs-secret", 1), _Context())
    with a_worker(place, pay):
        (task, again) = (ended(place, each).tasks[0] for each in (in_process, in_lambda))

    assert task.output_data == again.output_data == {"result": 6}
    assert "123456" not in place.look(in_process).to_wire_json().decode()


@pytest.mark.parametrize("where", ["process", "function"])
@pytest.mark.parametrize("refusal", [None, 413, 500])
def test_inputs_are_asked_for_together_if_they_are_not_too_much(
    place: Deployment, where: str, refusal: int | None
) -> None:
    asked: list[int] = []

    @worker(f"sqs-asking-{where}-{refusal}", concurrency=10)
    def double(number: int) -> int:
        return 2 * number

    def choose(seen: Seen) -> Behaviour:
        if seen.path != "/api/tasks/waiting":
            return Forward(place.url)
        asked.append(len(seen.json()["taskIds"]))
        if refusal is None or asked[-1] == 1:
            return Forward(place.url)
        return Answer(refusal, '{"message": "more than one answer holds"}')

    name = place.register(double.task_type)
    ids = [place.start(name, number) for number in range(4)]
    with misbehaving() as between:
        between.chooses(choose)
        asking = Worker(double, url=between.url, queues=SqsQueues(prefix=PREFIX), polling=SHORT)
        if where == "function":
            answer = asking.lambda_handler()(an_event(double.task_type, 10), _Context())
            assert answer == {"batchItemFailures": []}
        else:
            asking.start()
        outputs = [ended(place, workflow_id).tasks[0].output_data for workflow_id in ids]
        asking.stop()

    assert outputs == [{"result": 2 * number} for number in range(4)]
    assert set(asked) == ({1, 4} if refusal else {4})
    assert asked.count(1) == (4 if refusal else 0)


def test_tasks_set_apart_have_a_queue_of_their_own(place: Deployment) -> None:
    @worker("sqs-apart@till-eu")
    def apart() -> int:
        return 1

    name = place.register("sqs-apart", executionNameSpace="till", isolationGroupId="eu")
    with a_worker(place, apart):
        (task,) = ended(place, place.start(name)).tasks

    assert task.output_data == {"result": 1}


class _Context:
    """What Lambda tells of an invocation."""

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def an_event(task_type: str, count: int) -> dict[str, Any]:
    """Return what Lambda would invoke a function on this queue with."""
    sqs = boto3.client("sqs")
    url = sqs.get_queue_url(QueueName=sqs_name(PREFIX, task_type))["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=count)["Messages"]
    return {
        "Records": [
            {"messageId": it["MessageId"], "receiptHandle": it["ReceiptHandle"], "body": it["Body"]}
            for it in found
        ]
    }


@pytest.mark.waits(8)
def test_lambda_function_on_a_queue_answers_what_is_to_come_again(
    place: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    @worker("lambda-some")
    async def some(number: int, task: TaskContext) -> int | None:
        assert task.deadline is not None
        if number == 2:
            await asyncio.sleep(30)
        return number

    name = place.register("lambda-some")
    ids = [place.start(name, number) for number in range(4)]
    place.engine.executions.terminate(ids[3], "enough")
    slow = place.look(ids[2]).tasks[0].task_id
    event = an_event("lambda-some", 10)
    handler = a_worker(place, some).lambda_handler()

    answer = handler(event, _Context(seconds=8))

    (failed,) = [record for record in event["Records"] if record["body"] == slow]
    assert answer == {"batchItemFailures": [{"itemIdentifier": failed["messageId"]}]}
    for number in (0, 1):
        assert ended(place, ids[number]).tasks[0].output_data == {"result": number}
    assert place.look(ids[2]).tasks[0].status is TaskStatus.SCHEDULED
    line = json.loads(capsys.readouterr().out)
    assert (line["TaskType"], line["Completed"], len(line["Duration"])) == ("lambda-some", 2, 2)
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Dalsegno/Workers"


def test_messages_whose_results_are_not_taken_come_again(place: Deployment) -> None:
    @worker("lambda-lost")
    def fine() -> None: ...

    place.start(place.register("lambda-lost"))
    event = an_event("lambda-lost", 1)
    queues = SqsQueues(prefix=PREFIX, results_queue_url="https://sqs.us-east-1.amazonaws.com/1/no")

    answer = a_worker(place, fine, queues=queues).lambda_handler()(event, _Context())

    identifiers = [{"itemIdentifier": event["Records"][0]["messageId"]}]
    assert answer == {"batchItemFailures": identifiers}


def test_lambda_function_invoked_with_a_task_answers_with_its_output_or_fails() -> None:
    @worker
    def halve(number: int) -> int:
        if number % 2:
            raise ValueError("odd")
        return number // 2

    def task(number: object) -> Any:
        names = {"taskId": "w.0.0.cmVm", "workflowInstanceId": "w", "taskDefName": "halve"}
        told = {**names, "status": "IN_PROGRESS", "inputData": {"number": number}}
        return Task.model_validate(told).to_wire()

    handler = Worker(halve).lambda_handler()

    assert handler(task(4), _Context()) == {"result": 2}
    with pytest.raises(TaskFailed, match="ValueError: odd"):
        handler(task(3), _Context())
    with pytest.raises(NonRetryableException, match="number: Input should be a valid integer"):
        handler(task("many"), _Context())
    with pytest.raises(ValueError, match="neither messages"):
        handler({"detail": {}}, _Context())
