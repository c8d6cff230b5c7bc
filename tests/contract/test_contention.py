"""A fork whose branches all end at the same time: nobody is refused, nothing happens twice."""

from collections import Counter

import pytest

from dalsegno.models import (
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.ports import Ports
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.transition import SHARD_SIZE
from tests.engine.world import ScriptedHttp
from tests.eventually import eventually
from tests.race import race

BRANCHES = SHARD_SIZE + 20  # more than one shard of the JOIN
THREADS = 8
WIDE = {
    "name": "wide",
    "version": 1,
    "tasks": [
        {
            "name": "fork",
            "taskReferenceName": "fork",
            "type": "FORK_JOIN_DYNAMIC",
            "inputParameters": {
                "forkTaskInputs": list(range(BRANCHES)),
                "forkTaskName": "branch",
            },
        },
        {"name": "join", "taskReferenceName": "join", "type": "JOIN"},
        {"name": "last", "taskReferenceName": "last", "type": "SIMPLE"},
    ],
}


@pytest.mark.parametrize("reports", [1, 2], ids=["each told once", "each told twice"])
def test_updates_of_one_fork_at_once_are_all_taken_and_join_once(
    ports: Ports, reports: int
) -> None:
    engine = Engine(ports, SandboxedScripts(), ScriptedHttp())
    engine.metadata.create_task_defs([TaskDef(name=name) for name in ("branch", "last")])
    engine.metadata.create_workflow_def(WorkflowDef.model_validate(WIDE), overwrite=True)
    workflow_id = engine.executions.start(StartWorkflowRequest(name="wide"))
    evaluate(engine, ports)
    tasks = polled(engine, "branch", BRANCHES)

    def report(number: int) -> None:
        for offset in range(reports):  # the second time those of another thread
            for task in tasks[(number + offset) % THREADS :: THREADS]:
                engine.tasks.update(completed(task))

    race(THREADS, report)
    evaluate(engine, ports)
    [last] = polled(engine, "last", 1)
    engine.tasks.update(completed(last))

    stored = ports.state.workflow(workflow_id)
    assert stored is not None
    assert stored.status is WorkflowStatus.COMPLETED
    ended = list(ports.state.all_tasks(workflow_id))
    assert Counter(task.status for task in ended) == {TaskStatus.COMPLETED: BRANCHES + 3}
    assert list(ports.state.attempts(workflow_id)) == []
    evaluate(engine, ports)
    assert engine.tasks.poll("last", worker_id="w", domain=None, count=1, wait_seconds=0) == []


def evaluate(engine: Engine, ports: Ports) -> None:
    """Take in what the evaluator's queue holds, in several threads, until it is empty."""

    def serve(_number: int) -> None:
        while received := ports.queues.receive(
            EVALUATOR_QUEUE, count=10, wait_seconds=0.2, visibility_seconds=60
        ):
            for message in received:
                engine.evaluate(message.body)
            ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in received])

    race(2, serve)


def polled(engine: Engine, task_type: str, count: int) -> list[Task]:
    """Return so many tasks, each handed out once."""
    tasks: list[Task] = []

    def poll() -> int:
        tasks.extend(
            engine.tasks.poll(task_type, worker_id="w", domain=None, count=100, wait_seconds=1)
        )
        return len(tasks)

    eventually(poll, lambda found: found >= count, within_seconds=60)
    assert len({task.task_id for task in tasks}) == len(tasks) == count
    return tasks


def completed(task: Task) -> TaskResult:
    """Return the report that a task is done."""
    return TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        status=TaskResultStatus.COMPLETED,
        output_data={"done": task.input_data},
        worker_id="w",
    )
