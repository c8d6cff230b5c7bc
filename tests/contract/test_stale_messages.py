"""Polls pass over messages of tasks that are not to be done any more, in every kind of queue."""

from dalsegno.models import StartWorkflowRequest, WorkflowDef
from dalsegno_state import ids
from dalsegno_state.engine import Engine
from dalsegno_state.ports import Message, Ports
from dalsegno_state.sandbox import SandboxedScripts
from tests.engine.world import ScriptedHttp

STALE = 40  # moto needs 15 ms for each, many times that on a busy machine


def test_one_poll_finds_the_live_task_behind_stale_ones(ports: Ports) -> None:
    engine = Engine(ports, SandboxedScripts(), ScriptedHttp())
    step = {"name": "step", "taskReferenceName": "step", "type": "SIMPLE"}
    definition = WorkflowDef.model_validate({"name": "flow", "version": 1, "tasks": [step]})
    engine.metadata.create_workflow_def(definition, overwrite=True)
    gone = [ids.task_id(f"gone-{number}", 0, 0, "step") for number in range(STALE)]
    ports.queues.send([Message(queue="step", body=task_id) for task_id in gone])
    workflow_id = engine.executions.start(StartWorkflowRequest(name="flow"))

    tasks = engine.tasks.poll("step", worker_id="w", domain=None, count=1, wait_seconds=1)

    assert [task.workflow_instance_id for task in tasks] == [workflow_id]
