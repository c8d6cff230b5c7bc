"""A whole engine in memory: its clock moves by hand, its workers do as a script says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dalsegno.models import (
    JsonObject,
    RerunWorkflowRequest,
    SkipTaskRequest,
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    UpgradeWorkflowRequest,
    Workflow,
    WorkflowDef,
)
from dalsegno_state.engine import EVALUATOR_QUEUE, SYSTEM_QUEUES, Engine
from dalsegno_state.ids import EVENTS_QUEUE
from dalsegno_state.ports import HttpCallError, HttpReply, OutgoingEvent, Services
from dalsegno_state.scripts import Scripts
from dalsegno_state.sqlite import open_ports
from tests.clock import ManualClock

Definition = dict[str, Any]
Inputs = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker reports on an attempt; ``later_seconds`` keeps it open."""

    status: str = "COMPLETED"
    output: JsonObject = field(default_factory=dict)
    reason: str | None = None
    later_seconds: int | None = None

    @property
    def task_status(self) -> TaskStatus:
        """The status the task gets."""
        return TaskStatus(self.status)


Worker = Work | Callable[[Task], Work]
# By reference name, or by reference name and attempt.
Script = Mapping[str | tuple[str, int], Worker | None]


def done(**output: Any) -> Work:
    return Work(output=output)


def fails(reason: str = "broken") -> Work:
    return Work("FAILED", reason=reason)


def fails_for_good(reason: str = "hopeless") -> Work:
    return Work("FAILED_WITH_TERMINAL_ERROR", reason=reason)


def in_progress(later_seconds: int = 0, **output: Any) -> Work:
    return Work("IN_PROGRESS", output=output, later_seconds=later_seconds)


def simple(ref: str, **fields: Any) -> Definition:
    """Return a worker task whose name, unless given, is its reference name."""
    return {"name": ref, "taskReferenceName": ref, **fields}


def system(type_: str, ref: str, inputs: Inputs | None = None, **fields: Any) -> Definition:
    """Return a task of a system type with these input parameters."""
    return {**simple(ref, type=type_, **fields), "inputParameters": dict(inputs or {})}


class ScriptedHttp:
    """See ``HttpClient``; answers with what the test put in line for a URL."""

    def __init__(self) -> None:
        self.replies: dict[str, list[HttpReply | HttpCallError]] = {}
        self.calls: list[dict[str, Any]] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        exchange_timeout_seconds: float,
        confidential: frozenset[str],
    ) -> HttpReply:
        """See ``HttpClient.request``."""
        self.calls.append(
            {
                "method": method,
                "url": url,
                "headers": headers,
                "body": body,
                "connect": connect_timeout_seconds,
                "read": read_timeout_seconds,
                "exchange": exchange_timeout_seconds,
                "confidential": confidential,
            }
        )
        replies = self.replies[url]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, HttpCallError):
            raise reply
        return reply


class RememberingServices:
    """See ``EventPublisher`` and ``FunctionInvoker``: keeps what it is given, or refuses it."""

    def __init__(self) -> None:
        self.refusals: list[Exception] = []
        self.published: list[OutgoingEvent] = []
        self.invoked: list[tuple[str, JsonObject]] = []

    def publish(self, event: OutgoingEvent) -> None:
        """See ``EventPublisher.publish``."""
        self._take()
        self.published.append(event)

    def invoke(self, function: str, payload: bytes) -> None:
        """See ``FunctionInvoker.invoke``."""
        self._take()
        self.invoked.append((function, json.loads(payload)))

    def _take(self) -> None:
        if self.refusals:
            raise self.refusals.pop(0)


class World:
    """One engine, its queues, and everybody who works on them."""

    def __init__(self, scripts: Scripts) -> None:
        self.clock = ManualClock()
        self.ports = open_ports(None, self.clock)
        self.http = ScriptedHttp()
        self.services = RememberingServices()
        services = Services(events=self.services, functions=self.services)
        self.engine = Engine(self.ports, scripts, self.http, services=services)

    # -- definitions -----------------------------------------------------------------------

    def register(self, *tasks: Definition, name: str = "flow", **fields: Any) -> None:
        """Register a workflow of these tasks."""
        definition = {"name": name, "tasks": list(tasks), **fields}
        self.engine.metadata.create_workflow_def(
            WorkflowDef.model_validate(definition), overwrite=True
        )

    def define(self, name: str, **fields: Any) -> None:
        """Register a task definition; its retries, unless given, follow at once."""
        definition = {"name": name, "retryDelaySeconds": 0, **fields}
        self.engine.metadata.create_task_defs([TaskDef.model_validate(definition)])

    # -- executions ------------------------------------------------------------------------

    def start(self, name: str = "flow", inputs: Inputs | None = None, **fields: Any) -> str:
        """Start a registered workflow, take it as far as it goes alone; return its id."""
        request = {"name": name, "input": dict(inputs or {}), **fields}
        workflow_id = self.engine.executions.start(StartWorkflowRequest.model_validate(request))
        self.pump()
        return workflow_id

    def run(
        self,
        *tasks: Definition,
        inputs: Inputs | None = None,
        workers: Script | None = None,
        **fields: Any,
    ) -> Workflow:
        """Register a workflow of these tasks, start it and play it; return it as it stands."""
        self.register(*tasks, **fields)
        return self.play(self.start(inputs=inputs), workers)

    def play(self, workflow_id: str, workers: Script | None = None) -> Workflow:
        """Let workers take everything they can get, as scripted, until nothing is left.

        A task without a script is completed with its own reference as ``ref``; None in place of
        the script's value leaves a task in its worker's hands.
        """
        while self._work_once(workers or {}):
            pass
        return self.workflow(workflow_id)

    def pump(self) -> None:
        """Let evaluator and system workers empty their queues."""
        while any([self._evaluate_once(), *map(self._run_system_once, SYSTEM_QUEUES)]):
            pass

    def advance(self, seconds: float) -> None:
        """Let time pass, then let the sweeper wake what is due."""
        self.clock.advance(seconds)
        self.pump()
        while self.engine.sweep():
            self.pump()

    # -- workers ---------------------------------------------------------------------------

    def poll(self, task_type: str, domain: str | None = None, count: int = 1) -> list[Task]:
        """Return what a worker gets."""
        return self.engine.tasks.poll(
            task_type, worker_id="w1", domain=domain, count=count, wait_seconds=0
        )

    def take(self, task_type: str, domain: str | None = None) -> Task:
        """Return the one task a worker gets."""
        (task,) = self.poll(task_type, domain)
        return task

    def report(self, task: Task, work: Work) -> Task:
        """Report on an attempt, a millisecond later; return what stands then."""
        self.clock.advance(0.001)
        self.engine.tasks.update(
            TaskResult(
                workflow_instance_id=task.workflow_instance_id,
                task_id=task.task_id,
                status=TaskResultStatus(work.status),
                output_data=work.output,
                reason_for_incompletion=work.reason,
                callback_after_seconds=work.later_seconds or 0,
                worker_id="w1",
            )
        )
        self.pump()
        return self.engine.tasks.get(task.task_id)

    def extend_lease(self, task: Task) -> None:
        """Tell the engine that the worker is still at it."""
        self.engine.tasks.update(
            TaskResult(
                workflow_instance_id=task.workflow_instance_id,
                task_id=task.task_id,
                status=TaskResultStatus.IN_PROGRESS,
                extend_lease=True,
            )
        )

    def tell(self, workflow_id: str, ref: str, work: Work) -> None:
        """Report on an open task by its reference, as a person or an event would."""
        self.clock.advance(0.001)
        self.engine.tasks.update_by_ref(workflow_id, ref, work.task_status, work.output, "somebody")
        self.pump()

    # -- operators -------------------------------------------------------------------------

    def terminate(self, workflow_id: str, reason: str | None = None) -> None:
        self.engine.executions.terminate(workflow_id, reason)
        self.pump()

    def resume(self, workflow_id: str) -> None:
        self.engine.executions.resume(workflow_id)
        self.pump()

    def retry(self, workflow_id: str, *, deepest: bool = False) -> None:
        self.engine.executions.retry(workflow_id, resume_subworkflow_tasks=deepest)
        self.pump()

    def rerun(self, workflow_id: str, **request: Any) -> None:
        self.engine.executions.rerun(workflow_id, RerunWorkflowRequest.model_validate(request))
        self.pump()

    def restart(self, workflow_id: str, *, latest: bool = False) -> None:
        self.engine.executions.restart(workflow_id, use_latest_definitions=latest)
        self.pump()

    def skip(self, workflow_id: str, ref: str, **request: Any) -> None:
        self.engine.executions.skip_task(workflow_id, ref, SkipTaskRequest.model_validate(request))

    def push(self, workflow_id: str, payload: JsonObject) -> str:
        """Send a message to a workflow; return the message's id."""
        message_id = self.engine.messages.push(workflow_id, payload)
        self.pump()
        return message_id

    def events(self) -> list[JsonObject]:
        """Return the events for event handlers that were published since the last call."""
        received = self.ports.queues.receive(
            EVENTS_QUEUE, count=100, wait_seconds=0, visibility_seconds=30
        )
        self.ports.queues.delete(EVENTS_QUEUE, [message.receipt for message in received])
        return [json.loads(message.body) for message in received]

    def upgrade(self, workflow_id: str, **request: Any) -> None:
        asked = UpgradeWorkflowRequest.model_validate({"name": "flow", **request})
        self.engine.alterations.upgrade(workflow_id, asked)
        self.pump()

    def jump(self, workflow_id: str, ref: str, task_input: JsonObject | None = None) -> None:
        self.engine.alterations.jump(workflow_id, ref, task_input or {})
        self.pump()

    # -- looking ---------------------------------------------------------------------------

    def workflow(self, workflow_id: str) -> Workflow:
        return self.engine.queries.workflow(workflow_id, include_tasks=True)

    def trace(self, workflow_id: str) -> list[str]:
        return trace(self.workflow(workflow_id))

    def task(self, workflow_id: str, ref: str) -> Task:
        return task_of(self.workflow(workflow_id), ref)

    def child(self, workflow_id: str, ref: str) -> Workflow:
        """Return the workflow that a task started."""
        child_id = self.task(workflow_id, ref).sub_workflow_id
        assert child_id is not None
        return self.workflow(child_id)

    # -- how it moves ----------------------------------------------------------------------

    def _evaluate_once(self) -> bool:
        received = self.ports.queues.receive(
            EVALUATOR_QUEUE, count=10, wait_seconds=0, visibility_seconds=30
        )
        for message in received:
            self.engine.evaluate(message.body)
        self.ports.queues.delete(EVALUATOR_QUEUE, [message.receipt for message in received])
        return bool(received)

    def _run_system_once(self, queue: str) -> bool:
        received = self.ports.queues.receive(queue, count=10, wait_seconds=0, visibility_seconds=30)
        for message in received:
            self.engine.run_system_task(message.body)
        self.ports.queues.delete(queue, [message.receipt for message in received])
        return bool(received)

    def _work_once(self, workers: Script) -> bool:
        self.pump()
        taken = [task for queue in self._worker_queues() for task in self._poll_queue(queue)]
        for task in taken:
            work = _scripted(workers, task)
            if work is not None:
                self.report(task, work)
        return bool(taken)

    def _worker_queues(self) -> list[str]:
        return [q for q in self.ports.queues.sizes() if q[0] != "_" and q not in SYSTEM_QUEUES]

    def _poll_queue(self, queue: str) -> list[Task]:
        domain, _, task_type = queue.rpartition(":")
        return self.poll(task_type, domain or None, count=100)


def _scripted(workers: Script, task: Task) -> Work | None:
    ref, base_ref = task.reference_task_name, task.reference_task_name.split("__")[0]
    for key in ((ref, task.retry_count), ref, (base_ref, task.retry_count), base_ref):
        if key in workers:
            worker = workers[key]
            return worker(task) if callable(worker) else worker
    return Work(output={"ref": ref})


def trace(workflow: Workflow) -> list[str]:
    """Return ``taskType:referenceTaskName:status`` of each task, in the order of creation."""
    return [f"{t.task_type}:{t.reference_task_name}:{t.status.value}" for t in workflow.tasks]


def task_of(workflow: Workflow, ref: str) -> Task:
    """Return the last attempt of a task."""
    return next(t for t in reversed(workflow.tasks) if t.reference_task_name == ref)
