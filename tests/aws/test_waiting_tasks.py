"""Tasks that wait for messages and webhooks, whose documents are DynamoDB's."""

from bench.metered import MeteredWorld
from dalsegno.models import StartWorkflowRequest, Workflow, WorkflowDef
from dalsegno_state.engine import EVALUATOR_QUEUE, SYSTEM_QUEUES


def test_message_and_request_complete_those_that_wait(metered: MeteredWorld) -> None:
    engine = metered.engine
    definition = {
        "name": "waits",
        "tasks": [
            {"name": "p", "taskReferenceName": "p", "type": "PULL_WORKFLOW_MESSAGES"},
            {
                "name": "w",
                "taskReferenceName": "w",
                "type": "WAIT_FOR_WEBHOOK",
                "inputParameters": {"webhookId": "hook/1", "matches": {"$['id']": "A"}},
            },
            {"name": "e", "taskReferenceName": "e", "type": "EVENT", "sink": "conductor"},
        ],
    }
    engine.metadata.create_workflow_def(WorkflowDef.model_validate(definition))
    workflow_id = engine.executions.start(StartWorkflowRequest(name="waits"))
    _work(metered)

    for n in range(2):
        engine.messages.push(workflow_id, {"n": n})
    _work(metered)
    assert engine.webhooks.deliver("hook/1", {"id": "B"}) == 0
    assert engine.webhooks.deliver("hook/1", {"id": "A", "n": 7}) == 1
    assert engine.webhooks.deliver("hook/1", {"id": "A", "n": 8}) == 0
    _work(metered)

    workflow = _shown(metered, workflow_id)
    pulled, waited, told = (task.output_data for task in workflow.tasks)
    assert (workflow.status, pulled["count"], waited["n"]) == ("COMPLETED", 1, 7)
    assert told["event_produced"] == "conductor:waits:e"
    left = metered.ports.documents.documents(f"messages/{workflow_id}/0")
    assert [document.body["payload"] for document in left] == [{"n": 1}]


def _work(metered: MeteredWorld) -> None:
    """Let evaluator and system workers empty their queues."""
    queues = metered.ports.queues
    did_some = True
    while did_some:
        did_some = False
        for queue in (EVALUATOR_QUEUE, *SYSTEM_QUEUES):
            for message in queues.receive(queue, count=10, wait_seconds=0, visibility_seconds=30):
                is_event = queue == EVALUATOR_QUEUE
                run = metered.engine.evaluate if is_event else metered.engine.run_system_task
                run(message.body)
                queues.delete(queue, [message.receipt])
                did_some = True


def _shown(metered: MeteredWorld, workflow_id: str) -> Workflow:
    return metered.engine.queries.workflow(workflow_id, include_tasks=True)
