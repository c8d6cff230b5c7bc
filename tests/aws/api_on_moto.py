"""A deployment on an emulator, with its API on a port, and its functions' work done by threads."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import uvicorn
from moto import mock_aws

from dalsegno.models import StartWorkflowRequest, TaskDef, Workflow, WorkflowDef
from dalsegno_functions.api import API
from dalsegno_functions.function_results import read_result
from dalsegno_functions.local.asgi import GatewayApp
from dalsegno_functions.wiring import SystemClock
from dalsegno_state.aws import AwsPorts
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.outbound_http import GuardedHttpClient
from dalsegno_state.scripts import Scripts
from examples.violin_shop.processes import free_port
from tests.aws.deployment import deployed, settings_of

RESULTS_QUEUE = "_results"
PLACE = "workers"
PREFIX = settings_of(PLACE).queue_prefix
INPUTS = {"number": "${workflow.input.number}"}


@dataclass(frozen=True)
class Deployment:
    """What a worker finds on AWS.

    Attributes:
        url: Of the API.
    """

    url: str
    engine: Engine
    ports: AwsPorts

    def register(self, *task_types: str, inputs: Mapping[str, str] = INPUTS, **task: Any) -> str:
        """Register a workflow of tasks of some types; return its name."""
        name = "_".join(task_types)
        for task_type in task_types:
            definition = {"name": task_type, "retryDelaySeconds": 0, "ownerEmail": "a@b.c", **task}
            self.engine.metadata.create_task_defs([TaskDef.model_validate(definition)])
        tasks = [
            {
                "name": task_type,
                "taskReferenceName": task_type,
                "type": "SIMPLE",
                "inputParameters": dict(inputs),
            }
            for task_type in task_types
        ]
        flow = WorkflowDef.model_validate({"name": name, "version": 1, "tasks": tasks})
        self.engine.metadata.create_workflow_def(flow, overwrite=True)
        return name

    def start(self, name: str, number: int = 0) -> str:
        """Start a workflow; return its id."""
        return self.engine.executions.start(
            StartWorkflowRequest(name=name, input={"number": number})
        )

    def look(self, workflow_id: str) -> Workflow:
        """Return a workflow and its tasks."""
        return self.engine.queries.workflow(workflow_id, include_tasks=True)

    def messages(self, queue: str) -> int:
        """Return how many messages a queue has, whoever has them in hand."""
        size = self.ports.queues.sizes([queue])[queue]
        return size.size + size.unacknowledged


@contextmanager
def deployment(scripts: Scripts) -> Iterator[Deployment]:
    """Give a deployment for as long as the context lasts."""
    with mock_aws(), deployed(PLACE, SystemClock(), None) as ports:
        engine = Engine(ports, scripts, GuardedHttpClient(allow_private=True))
        works = {
            RESULTS_QUEUE: lambda body: engine.tasks.update(read_result(body)),
            EVALUATOR_QUEUE: engine.evaluate,
        }
        over = threading.Event()
        threads = [
            threading.Thread(target=_consume, args=(ports, queue, work, over))
            for queue, work in works.items()
        ]
        port = free_port()
        app = GatewayApp(API, engine)
        server = uvicorn.Server(
            uvicorn.Config(app, port=port, lifespan="off", log_config=None, access_log=False)
        )
        threads.append(threading.Thread(target=server.run))
        for thread in threads:
            thread.start()
        try:
            yield Deployment(f"http://127.0.0.1:{port}", engine, ports)
        finally:
            server.should_exit = True
            over.set()
            for thread in threads:
                thread.join(20)


def _consume(
    ports: AwsPorts, queue: str, work: Callable[[str], object], over: threading.Event
) -> None:
    while not over.wait(0.02):
        with suppress(Exception):
            for message in ports.queues.receive(
                queue, count=10, wait_seconds=0, visibility_seconds=5
            ):
                work(message.body)
                ports.queues.delete(queue, [message.receipt])
