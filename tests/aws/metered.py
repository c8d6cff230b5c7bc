"""An engine on moto whose every request is counted."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from moto import mock_aws

from dalsegno.models import (
    StartWorkflowRequest,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.meter import Meter, Peek, Usage
from dalsegno_state.aws.table import Item, Table
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.scripts import Scripts
from tests.aws.deployment import REGION, deployed
from tests.clock import ManualClock
from tests.engine.world import ScriptedHttp

INPUT = {"order": "o-4711", "customer": "c" * 40, "items": ["violin"] * 20}  # about 250 bytes
OUTPUT = {"receipt": "R-77", "note": "n" * 220}


@dataclass
class MeteredEngine:
    """An engine, its ports, and what they have used."""

    engine: Engine
    ports: AwsPorts
    meter: Meter

    def define(self, *tasks: dict[str, Any], name: str = "flow") -> None:
        self.engine.metadata.create_workflow_def(
            WorkflowDef.model_validate({"name": name, "version": 1, "tasks": tasks}),
            overwrite=True,
        )
        for task in tasks:
            self.engine.metadata.create_task_defs([TaskDef(name=task["name"])])

    def start(self, name: str = "flow", inputs: Any = None) -> str:
        request = {"name": name, "version": 1, "input": INPUT if inputs is None else inputs}
        return self.engine.executions.start(StartWorkflowRequest.model_validate(request))

    def work(self, task_type: str, count: int = 1) -> int:
        """Take tasks and complete them; return how many there were."""
        tasks = self.engine.tasks.poll(
            task_type, worker_id="worker-1", domain=None, count=count, wait_seconds=0
        )
        for task in tasks:
            self.engine.tasks.update(
                TaskResult(
                    workflow_instance_id=task.workflow_instance_id,
                    task_id=task.task_id,
                    status=TaskResultStatus.COMPLETED,
                    output_data=OUTPUT,
                    worker_id="worker-1",
                )
            )
        return len(tasks)

    def evaluate(self) -> None:
        """Take in what the evaluator queue holds, until it is empty."""
        while received := self.ports.queues.receive(
            EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
        ):
            for message in received:
                self.engine.evaluate(message.body)
            self.ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in received])

    def usage_of(self, action: Callable[[], object]) -> Usage:
        """Return what an action uses."""
        self.meter.read()
        action()
        return self.meter.read()

    def is_completed(self, workflow_id: str) -> bool:
        workflow = self.ports.state.workflow(workflow_id)
        return workflow is not None and workflow.status is WorkflowStatus.COMPLETED


@contextmanager
def metered_engine(scripts: Scripts, *, lists_ended: bool = False) -> Iterator[MeteredEngine]:
    """Give an engine on a deployment of its own; time stands still, and nothing has a limit."""
    with mock_aws():
        watched = Clients(REGION)
        meter = Meter(peek_of(watched))
        clock, watch = ManualClock(), [meter.watch]
        with deployed("metered", clock, None, watch, lists_ended=lists_ended) as ports:
            yield MeteredEngine(Engine(ports, scripts, ScriptedHttp()), ports, meter)


def peek_of(clients: Clients) -> Peek:
    """Return what reads items without being counted."""

    def peek(table: str, item_key: Item) -> Item | None:
        return Table(clients, table).get(item_key)

    return peek
