"""The engine on an emulated AWS, with a count of everything that somebody would be billed for."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final

from moto import mock_aws
from moto.backends import get_backend

from bench.deployment import REGION, deployed, settings_of
from dalsegno.costs.bill import Counts
from dalsegno.models import (
    EpochMillis,
    JsonObject,
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno.queue_names import sqs_name
from dalsegno_functions.lambda_worker import HandedOver
from dalsegno_functions.observed_state import ObservedStateStore
from dalsegno_functions.short_wakes import ShortWakes
from dalsegno_functions.sweeper import sweep
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.meter import Meter, Usage
from dalsegno_state.aws.state import DynamoStateStore
from dalsegno_state.aws.table import Item, Table
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ids import parse_task_id
from dalsegno_state.outbound_http import GuardedHttpClient
from dalsegno_state.ports import Message, Received
from dalsegno_state.scripts import Scripts

INPUT: Final[JsonObject] = {
    "order": "o-4711",
    "customer": "c" * 40,
    "items": ["violin"] * 20,
}  # about 250 bytes
OUTPUT: Final[JsonObject] = {"receipt": "R-77", "note": "n" * 220}
RESULTS_QUEUE: Final = "_results"
BATCH: Final = 10  # as many as SQS, and Lambda, hand out at once
_WORKER: Final = "worker-1"
_MOTO_ACCOUNT: Final = "123456789012"
_SETTINGS: Final = settings_of("metered")


@dataclass
class StandingClock:
    """See ``Clock``; time passes when somebody says so."""

    at: EpochMillis = 1_750_000_000_000

    def now(self) -> EpochMillis:
        """See ``Clock.now``."""
        return self.at


@dataclass
class MeteredWorld:
    """An engine and those who call it.

    Attributes:
        ports: Those of a deployment; what is asked of them is counted.
        meter: Counts requests to AWS.
        unmetered: Clients for looking without being counted.
        callers: HTTP requests and invocations so far.
    """

    engine: Engine
    ports: AwsPorts
    clock: StandingClock
    scripts: Scripts
    meter: Meter
    unmetered: Clients
    callers: Counter[str] = field(default_factory=Counter)

    # -- clients ---------------------------------------------------------------------------

    def register(self, definition: dict[str, Any]) -> None:
        """Register a workflow definition, and a definition for each of its worker tasks."""
        workflow = WorkflowDef.model_validate(definition)
        self.engine.metadata.create_workflow_def(workflow, overwrite=True)
        for task in _worker_tasks(definition["tasks"]):
            retry = {"retryDelaySeconds": 0, "ownerEmail": "bench@example.com"}
            task_def = TaskDef.model_validate({"name": task, **retry})
            self.engine.metadata.create_task_defs([task_def])

    def start(self, name: str, inputs: JsonObject | None = None) -> str:
        """Start a workflow through the API; return its id."""
        self._request()
        request = StartWorkflowRequest(
            name=name, version=1, input=INPUT if inputs is None else inputs
        )
        return self.engine.executions.start(request)

    def look(self, workflow_id: str) -> WorkflowState:
        """Return a workflow as it stands; not counted."""
        table = Table(self.unmetered, _SETTINGS.execution_table)
        workflow = DynamoStateStore(table, lists_ended=False).workflow(workflow_id)
        assert workflow is not None
        return workflow

    def is_completed(self, workflow_id: str) -> bool:
        """Return whether a workflow has ended well; not counted."""
        return self.look(workflow_id).status is WorkflowStatus.COMPLETED

    # -- workers ---------------------------------------------------------------------------

    def poll(self, task_type: str, count: int = 1) -> list[Task]:
        """Take tasks through the API."""
        self._request()
        return self.engine.tasks.poll(
            task_type, worker_id=_WORKER, domain=None, count=count, wait_seconds=0
        )

    def report(self, task_id: str, status: TaskResultStatus = TaskResultStatus.COMPLETED) -> None:
        """Report on a task through the API."""
        self._request()
        self.engine.tasks.update(_completed(task_id, status))

    def work(self, task_type: str, count: int = 1) -> int:
        """Take tasks through the API and complete them; return how many there were."""
        tasks = self.poll(task_type, count)
        for task in tasks:
            self.report(task.task_id)
        return len(tasks)

    def work_from_queue(self, task_type: str, *, reads_input: bool) -> int:
        """Take messages from a task type's queue and report by queue; return how many there were.

        Such a worker claims nothing. A message names its task; who wants its input asks the API.
        """
        queues = self.ports.queues
        received = queues.receive(task_type, count=BATCH, wait_seconds=0, visibility_seconds=60)
        if reads_input:
            self._request()
            self.engine.tasks.waiting([message.body for message in received])
        results = [_completed(message.body).to_wire_json().decode() for message in received]
        queues.send([Message(queue=RESULTS_QUEUE, body=result) for result in results])
        queues.delete(task_type, [message.receipt for message in received])
        self.consume(RESULTS_QUEUE, self._take_result)
        return len(received)

    def work_by_function(self, task_type: str) -> int:
        """Do what ``LambdaWorker`` does: a function is invoked with each message."""

        def take(message: Received) -> None:
            handed: Any = HandedOver(self.ports.queues, [message])
            engine = Engine(replace(self.ports, queues=handed), self.scripts, _http_client())
            for task in engine.tasks.poll(
                task_type, worker_id=_WORKER, domain=None, count=1, wait_seconds=0
            ):
                engine.tasks.update(_completed(task.task_id))

        return self.consume(task_type, take, batch=1)

    # -- functions -------------------------------------------------------------------------

    def evaluate(self) -> None:
        """Take in what the evaluator queue holds, until it is empty."""
        self.consume(EVALUATOR_QUEUE, lambda message: self.engine.evaluate(message.body))

    def sweep(self) -> int:
        """Do what the sweeper does each minute; return how many workflows were due."""
        self.callers["invocations"] += 1
        return sweep(self.ports).due

    def usage_of(self, action: Callable[[], object]) -> Counts:
        """Return what an action uses."""
        self.meter.read()
        self.callers.clear()
        action()
        return _counts(self.meter.read(), self.callers)

    def consume(self, queue: str, work: Callable[[Received], object], batch: int = BATCH) -> int:
        """Do what an event source mapping does, but for its polls of an empty queue."""
        done, queues = 0, self.ports.queues
        while self.holds_messages(queue):
            received = queues.receive(queue, count=batch, wait_seconds=0, visibility_seconds=60)
            self.callers["invocations"] += 1
            for message in received:
                work(message)
            queues.delete(queue, [message.receipt for message in received])
            done += len(received)
        return done

    def holds_messages(self, queue: str) -> bool:
        sqs = self.unmetered.sqs
        try:
            url = sqs.get_queue_url(QueueName=sqs_name(_SETTINGS.queue_prefix, queue))["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            return False  # nobody has sent anything yet
        reply = sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return reply["Attributes"]["ApproximateNumberOfMessages"] != "0"

    def _take_result(self, message: Received) -> None:
        self.engine.tasks.update(TaskResult.model_validate_json(message.body))

    def _request(self) -> None:
        self.callers["http"] += 1
        self.callers["invocations"] += 1


@contextmanager
def metered_world(scripts: Scripts, *, lists_ended: bool = False) -> Iterator[MeteredWorld]:
    """Give an engine on a deployment of its own, as its functions have it.

    By default, ended executions are kept for ever.
    """
    with mock_aws():
        unmetered, clock = Clients(REGION), StandingClock()
        meter = Meter(_peek)
        with deployed("metered", clock, None, [meter.watch], lists_ended=lists_ended) as opened:
            observers = (ShortWakes(opened.queues, clock),)
            ports = replace(opened, state=ObservedStateStore(opened.state, observers))
            engine = Engine(ports, scripts, _http_client())
            yield MeteredWorld(engine, ports, clock, scripts, meter, unmetered)


def _counts(usage: Usage, callers: Counter[str]) -> Counts:
    """Return what was used, together with what callers caused."""
    return Counts(
        write_units=usage.write_units,
        read_units=usage.read_units,
        sqs_requests=usage.sqs_requests,
        schedules=usage.requests["scheduler.CreateSchedule"],
        s3_puts=usage.requests["s3.PutObject"],
        s3_gets=usage.requests["s3.GetObject"],
        invocations=callers["invocations"],
        http_requests=callers["http"],
        requests=dict(usage.requests),
    )


def _peek(table: str, item_key: Item) -> Item | None:
    """Return an item as the emulator holds it; a request would be slow, and counted."""
    backend: Any = get_backend("dynamodb")[_MOTO_ACCOUNT][REGION]
    found = backend.get_item(table, item_key)
    return None if found is None else found.to_json()["Attributes"]


def _http_client() -> GuardedHttpClient:
    return GuardedHttpClient(allow_private=True)


def _completed(task_id: str, status: TaskResultStatus = TaskResultStatus.COMPLETED) -> TaskResult:
    address = parse_task_id(task_id)
    assert address is not None
    return TaskResult(
        workflow_instance_id=address.workflow_id,
        task_id=task_id,
        status=status,
        output_data=OUTPUT,
        worker_id=_WORKER,
    )


def _worker_tasks(tasks: list[dict[str, Any]]) -> Iterator[str]:
    for task in tasks:
        if task["type"] == "SIMPLE":
            yield task["name"]
        yield from _worker_tasks(task.get("loopOver", []))
