"""The engine alone, in this process and in memory: for counting, and for CPU time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.counting import counted
from dalsegno.models import StartWorkflowRequest, Task, TaskResult, WorkflowDef
from dalsegno_functions.wiring import local_engine
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.outbound_http import GuardedHttpClient
from dalsegno_state.ports import Ports
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.scripts import Scripts


class World:
    """An engine whose ports count their calls; its evaluator is run by hand.

    Attributes:
        counts: Calls of each port so far, and what they come to.
    """

    def __init__(self, ports: Ports) -> None:
        self.counts: Counter[str] = Counter()
        self.ports = ports
        self.scripts: Scripts = SandboxedScripts()
        self._counted = counted(ports, self.counts)
        self.engine = Engine(self._counted, self.scripts, GuardedHttpClient(allow_private=True))

    def register(self, definition: dict[str, Any]) -> None:
        """Register a workflow definition."""
        self.engine.metadata.create_workflow_def(
            WorkflowDef.model_validate(definition), overwrite=True
        )

    def start(self, name: str, inputs: dict[str, Any] | None = None) -> str:
        """Start a workflow and return its id."""
        workflow_id = self.engine.executions.start(
            StartWorkflowRequest(name=name, version=1, input=inputs or {})
        )
        self.evaluate()
        return workflow_id

    def poll(self, task_type: str, count: int = 1) -> list[Task]:
        """Return tasks to work on."""
        return self.engine.tasks.poll(
            task_type, worker_id="bench", domain=None, count=count, wait_seconds=0
        )

    def complete(self, task: Task) -> None:
        """Report a task as completed, and do what the evaluator is asked for."""
        self.engine.tasks.update(
            TaskResult(
                workflow_instance_id=task.workflow_instance_id,
                task_id=task.task_id,
                worker_id="bench",
                status="COMPLETED",
                output_data={"result": "done", "amount": 4200},
            )
        )
        self.evaluate()

    def work(self, task_type: str, most: int | None = None) -> int:
        """Complete tasks of a type one by one until there are none; return how many."""
        done = 0
        while most is None or done < most:
            tasks = self.poll(task_type)
            if not tasks:
                break
            self.complete(tasks[0])
            done += 1
        return done

    def evaluate(self) -> None:
        """Take in what the evaluator's queue holds."""
        queues = self._counted.queues
        # Looked at without being counted: a real evaluator is called when there is something.
        while self.ports.queues.sizes([EVALUATOR_QUEUE])[EVALUATOR_QUEUE].size:
            messages = queues.receive(
                EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=60
            )
            for message in messages:
                self.engine.evaluate(message.body)
            queues.delete(EVALUATOR_QUEUE, [message.receipt for message in messages])
            if not messages:
                return


@contextmanager
def in_memory() -> Iterator[World]:
    """Return an empty world for as long as the context lasts."""
    local = local_engine(None)
    try:
        yield World(local.ports)
    finally:
        local.close()
