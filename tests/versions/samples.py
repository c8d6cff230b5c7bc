"""One of each kind of what the engine stores and sends, every field set to something."""

from collections.abc import Mapping
from typing import Final

from dalsegno.models import (
    PollData,
    TaskDef,
    TaskExecLog,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    WorkflowDef,
    WorkflowStatus,
    WorkflowTask,
)
from dalsegno_state.aws.bodies import encode_timer
from dalsegno_state.events import (
    ChildNews,
    Expire,
    Hint,
    Look,
    ScheduleDue,
    Terminate,
    Wake,
    encode_evaluation,
    encode_schedule_due,
)
from dalsegno_state.execution import Membership, Operation, PayloadRef, TaskState, WorkflowState
from dalsegno_state.expressions import SecretText
from dalsegno_state.incoming_event import IncomingEvent
from dalsegno_state.ports import Message, Ports
from dalsegno_state.writes import Arrival, CreateTask, FreezeAttempt
from tests.builders import NOW, a_task, a_workflow_state

_SECRET: Final = SecretText("${workflow.secrets.KEY}", ((0, 23),))
_ASIDE: Final = PayloadRef(key="w1/abc", size_bytes=70_000, secrets=((("key",), ((0, 23),)),))

WORKFLOWS: Final = (
    a_workflow_state("w-plain"),
    a_workflow_state(
        "w-full",
        revision=7,
        run=2,
        input={"order": 7, "key": _SECRET},
        output=_ASIDE,
        variables={"total": 1.5},
        ended_at=NOW + 1,
        last_retried_at=NOW + 2,
        correlation_id="c1",
        priority=9,
        task_to_domain={"*": "eu"},
        created_by="ann",
        owner_app="shop",
        idempotency_key="k1",
        event="sqs:orders",
        parent_workflow_id="w0",
        parent_task_id="t0",
        depth=1,
        generation=2,
        followers=("t1", "t2"),
        rerun_from_workflow_id="w9",
        external_input_path="external/in",
        reason="why",
        failed_task_id="t3",
        failed_refs=("a", "b"),
        rate_limit_key="eu",
        rate_limited=True,
        operation=Operation(kind="rerun", arguments={"task": "a"}),
        unpublished=(".3.RUNNING",),
        closing=True,
        archived=True,
        classifier="agent",
        masks_payloads=True,
        applied_actions=("c", "d"),
        wake_at=NOW + 60_000,
        wake_interval_ms=60_000,
    ),
    *(
        a_workflow_state(f"w-{status.lower()}", status=status, input={"text": "words " * 400})
        for status in WorkflowStatus
    ),
)
TASKS: Final = (
    a_task("plain", workflow_id="w-full"),
    a_task(
        "full__2",
        workflow_id="w-full",
        task_id="w-full.2.1.ZnVsbA",
        revision=3,
        task_type="HTTP",
        name="call",
        sequence=4,
        position=5,
        retry_count=1,
        input={"order": 7, "key": _SECRET},
        output=_ASIDE,
        first_scheduled_at=NOW - 1,
        started_at=NOW + 1,
        ended_at=NOW + 2,
        updated_at=NOW + 3,
        start_delay_seconds=4,
        callback_after_seconds=5,
        poll_count=6,
        worker_id="worker-1",
        domain="eu",
        reason="why",
        retried_task_id="t1",
        sub_workflow_id="w5",
        turn=7,
        wait_until=NOW + 8,
        node={"name": "call"},
        root="fan",
        membership=Membership(join_ref="join", index=4, size=5),
        cache_key="ck",
        unpublished=("1.IN_PROGRESS",),
        ends_workflow=True,
        external_output_path="external/out",
        external_input_path="external/in",
        take_overs=2,
    ),
    *(
        a_task(f"is_{status.lower()}", workflow_id="w-full", status=status, sequence=10)
        for status in TaskStatus
    ),
)
ATTEMPT: Final = a_task("plain", workflow_id="w-full", status=TaskStatus.FAILED, reason="why")
ARRIVAL: Final = Arrival("w-full", "join", "", 3, flagged=True)
WORKFLOW_DEF: Final = WorkflowDef(
    name="order", version=2, tasks=[WorkflowTask(name="a", task_reference_name="a", type="SIMPLE")]
)
TASK_DEF: Final = TaskDef(name="charge", retry_count=2)
LOG: Final = TaskExecLog(task_id=ATTEMPT.task_id, log="one line", created_time=NOW)
POLL: Final = PollData(queue_name="charge", domain="eu", worker_id="w", last_poll_time=NOW)

_HINTS: Final[tuple[Hint, ...]] = (
    Look(ref="a", start=3),
    Look(),
    ChildNews(task_id="w1.0.0.YQ", child_id="w2"),
    Terminate(reason="why"),
    Wake(),
    Expire(),
)
_RESULT: Final = TaskResult(
    task_id=ATTEMPT.task_id,
    workflow_instance_id="w-full",
    status=TaskResultStatus.COMPLETED,
    output_data={"n": 1},
)
_EVENT: Final = IncomingEvent(
    event="sqs:orders", id="e1", payload={"n": 1}, optional=True, generation=2
)
_TRIGGER: Final = (
    '{"identity":"rule/e1","at":"2026-01-02T03:04:05Z","request":{"name":"order","version":2}}'
)


def messages() -> Mapping[str, list[str]]:
    """Return bodies of each kind by the queue that they are for."""
    evaluations = [encode_evaluation("w-full", hint) for hint in _HINTS]
    due = encode_schedule_due(ScheduleDue(schedule_name="nightly", at=NOW))
    timer = Message(queue="_evaluator", body=evaluations[0], deliver_at=NOW, priority=3)
    return {
        "_evaluator": [*evaluations, due],
        "_results": [_RESULT.to_wire_json().decode()],
        "_events": [_EVENT.encode()],
        "_triggers": [_TRIGGER],
        "timers": [encode_timer(timer)],
    }


def store(ports: Ports) -> None:
    """Store one of each kind."""
    for workflow in WORKFLOWS:
        ports.state.create_workflow(workflow)
    ports.state.commit([*(CreateTask(task) for task in TASKS), FreezeAttempt(ATTEMPT)])
    ports.state.arrive(ARRIVAL)
    ports.definitions.put_workflow_def(WORKFLOW_DEF)
    ports.definitions.put_task_def(TASK_DEF)
    ports.definitions.put_snapshot("abc", b"{}")
    ports.documents.put("event-handler", "h", {"name": "h"})
    ports.limits.acquire_slot("charge", ATTEMPT.task_id, limit=1, until=NOW + 9, now=NOW)
    ports.limits.acquire_rate("charge", limit=1, window_ms=60_000, now=NOW)
    ports.logs.append("w-full", [LOG])
    ports.polls.record(POLL)


def stored(ports: Ports) -> tuple[list[WorkflowState], list[TaskState]]:
    """Return the workflows, and the tasks of the one that has any, as they are read."""
    found = [ports.state.workflow(workflow.workflow_id) for workflow in WORKFLOWS]
    return [each for each in found if each is not None], list(ports.state.all_tasks("w-full"))
