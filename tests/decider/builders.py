"""A workflow as the decider sees it, what happens to it, and what the decider makes of that.

    view = a_workflow(simple("charge"), tasks=[in_progress("charge")])

    change = decided(view, reported("charge", "COMPLETED"))

    assert change.ends_workflow_as == "COMPLETED"

Only this module knows how views, transitions and writes are put together.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from dalsegno.models import (
    EpochMillis,
    JsonObject,
    JsonValue,
    PollData,
    TaskDef,
    TaskStatus,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno_state import ids
from dalsegno_state.decider import decide
from dalsegno_state.draft import Tools
from dalsegno_state.events import (
    ChildEnded,
    Close,
    Closed,
    Event,
    Joined,
    Launched,
    LeaseExtended,
    Look,
    Reported,
    Terminate,
    Wake,
    decode_message,
)
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.operations import continue_operation
from dalsegno_state.plan import Plan, compile_plan
from dalsegno_state.scripts import ScriptError
from dalsegno_state.transition import Transition
from dalsegno_state.view import NotLoadedError, View
from dalsegno_state.writes import (
    CreateTask,
    DeleteTask,
    FreezeAttempt,
    PullWake,
    ReplaceTask,
    SetWake,
    UpdateWorkflow,
)
from tests.builders import NOW, a_task, a_workflow_state

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

Definition = dict[str, Any]

__all__ = ["DAY", "HOUR", "MINUTE", "NOW", "SECOND"]


# -- definitions -------------------------------------------------------------------------------


def simple(ref: str, **fields: Any) -> Definition:
    """Return a worker task whose name, unless given, is its reference name."""
    return {"name": ref, "taskReferenceName": ref, **fields}


def system(type_: str, ref: str, inputs: JsonObject | None = None, **fields: Any) -> Definition:
    """Return a task of a system type with these input parameters."""
    return simple(ref, type=type_, inputParameters=inputs or {}, **fields)


def ruled(
    ref: str, *, optional: bool = False, permissive: bool = False, **rules: Any
) -> Definition:
    """Return a worker task whose task definition has these fields."""
    definition = {"name": ref, **rules}
    return simple(ref, taskDefinition=definition, optional=optional, permissive=permissive)


def a_switch(ref: str, case: JsonValue, **cases: list[Definition]) -> Definition:
    """Return a SWITCH that compares a value with the names of its cases; ``default`` is one."""
    default = cases.pop("default", [])
    return system(
        "SWITCH",
        ref,
        {"case": case},
        evaluatorType="value-param",
        expression="case",
        decisionCases=cases,
        defaultCase=default,
    )


def a_fork(ref: str, *branches: list[Definition]) -> Definition:
    """Return a FORK_JOIN; its JOIN is to be given behind it."""
    return system("FORK_JOIN", ref, forkTasks=list(branches))


def a_join(ref: str, *join_on: str, **fields: Any) -> Definition:
    """Return a JOIN of these tasks."""
    return system("JOIN", ref, joinOn=list(join_on), **fields)


def a_loop(ref: str, *body: Definition, while_: str = "goes on", **fields: Any) -> Definition:
    """Return a DO_WHILE; its condition is answered by ``decided(..., scripts=...)``."""
    return system("DO_WHILE", ref, loopOver=list(body), **{"loopCondition": while_, **fields})


def a_loop_over(ref: str, items: JsonValue, *body: Definition, **inputs: JsonValue) -> Definition:
    """Return a DO_WHILE over a list."""
    return system("DO_WHILE", ref, {"_items": items, **inputs}, loopCondition="", loopOver=[*body])


def a_plan(*nodes: Definition, **fields: Any) -> Plan:
    """Return the plan of a workflow of these tasks."""
    definition = {"name": "order", "tasks": list(nodes), **fields}
    return compile_plan(WorkflowDef.model_validate(definition))


# -- tasks -------------------------------------------------------------------------------------


def id_of(ref: str, attempt: int = 0, *, run: int = 0) -> str:
    """Return the id of an attempt of a task of ``w1``."""
    return ids.task_id("w1", run, attempt, ref)


def _task(ref: str, status: str, *, run: int = 0, **changes: Any) -> TaskState:
    task_id = id_of(ref, changes.get("retry_count", 0), run=run)
    return a_task(ref, **{"task_id": task_id, "status": TaskStatus(status), **changes})


def scheduled(ref: str, **changes: Any) -> TaskState:
    """Return a task that waits to be handed out, since ``NOW``."""
    return _task(ref, "SCHEDULED", **changes)


def in_progress(ref: str, **changes: Any) -> TaskState:
    """Return a task that was begun at ``NOW``."""
    times = {"started_at": NOW, "updated_at": NOW, "revision": 1}
    return _task(ref, "IN_PROGRESS", **{**times, **changes})


def ended(ref: str, status: str = "COMPLETED", **changes: Any) -> TaskState:
    """Return a task that was begun, and ended, at ``NOW``."""
    times = {"started_at": NOW, "updated_at": NOW, "ended_at": NOW, "revision": 2}
    return _task(ref, status, **{**times, **changes})


# -- workflows ---------------------------------------------------------------------------------


def a_workflow(
    *nodes: Definition,
    tasks: Iterable[TaskState] = (),
    read: Iterable[str] | None = None,
    task_defs: Mapping[str, JsonObject] | None = None,
    polled: Mapping[str, Mapping[str, EpochMillis]] | None = None,
    definition: Mapping[str, Any] | None = None,
    **changes: Any,
) -> View:
    """Return a running workflow of these definitions, with these tasks in order of creation.

    Everything of it has been read, unless ``read`` names the only tasks that were.

    Args:
        task_defs: What is registered besides what the definitions hold.
        polled: By task type, when a domain was polled last.
        definition: Further fields of the workflow's definition.
        changes: Of the workflow item.
    """
    plan = a_plan(*nodes, **(definition or {}))
    view = View(workflow=a_workflow_state(**{"wake_at": NOW + MINUTE, **changes}), plan=plan)
    stored = [_in_place(task, number, plan) for number, task in enumerate(tasks, start=1)]
    if read is None:
        view.learn_all(stored)
    else:
        view.tasks = {ref: next((t for t in stored if t.ref == ref), None) for ref in read}
    for name, fields in (task_defs or {}).items():
        view.task_defs[name] = TaskDef.model_validate({"name": name, **fields})
    for task_type, domains in (polled or {}).items():
        view.polls[task_type] = tuple(
            PollData(queue_name=task_type, domain=domain, worker_id="w", last_poll_time=at)
            for domain, at in domains.items()
        )
    return view


def _in_place(task: TaskState, number: int, plan: Plan) -> TaskState:
    """Return a task in the order of creation, with the type that its definition gives it."""
    node = plan.nodes.get(task.base_ref)
    kind = task.task_type
    if node is not None and node.task.type != "SIMPLE" and kind == task.base_ref:
        kind = "FORK" if node.task.type.startswith("FORK_JOIN") else node.task.type
    return replace(task, sequence=number, position=number, task_type=kind)


# -- what happens ------------------------------------------------------------------------------


def looked_at(ref: str | None = None, *, start: int = 0) -> Event:
    """A message asks to look at a task, or at the beginning."""
    return Look(ref=ref, start=start)


def reported(
    ref: str, status: str = "COMPLETED", *, attempt: int = 0, run: int = 0, **fields: Any
) -> Event:
    """A worker reports on an attempt."""
    task_id = id_of(ref, attempt, run=run)
    return Reported(ref=ref, task_id=task_id, status=TaskStatus(status), **fields)


def lease_extended(ref: str, *, attempt: int = 0) -> Event:
    """A worker says that it is still at an attempt."""
    return LeaseExtended(ref=ref, task_id=id_of(ref, attempt))


def joined(ref: str, *flagged: int) -> Event:
    """All have arrived at a JOIN; these did not end in plain success."""
    return Joined(ref=ref, flagged=flagged)


def launched(ref: str, child_id: str = "child", *, attempt: int = 0) -> Event:
    """The workflow that a task asks for exists."""
    return Launched(ref=ref, task_id=id_of(ref, attempt), child_id=child_id)


def child_ended(ref: str, status: str = "COMPLETED", **fields: Any) -> Event:
    """The workflow that a task started has ended."""
    return ChildEnded(
        **{
            "ref": ref,
            "task_id": id_of(ref),
            "child_id": "child",
            "child_name": "shipping",
            "child_version": 3,
            "status": WorkflowStatus(status),
            "output": {},
            "reason": None,
            **fields,
        }
    )


def terminated(reason: str | None = None) -> Event:
    """An operator ends the workflow."""
    return Terminate(reason=reason)


def close(*, left_open: bool = True) -> Event:
    """The workflow has ended: what is left is to be cleaned up."""
    return Close(left_open=left_open)


def closed(failure_workflow_id: str | None = None) -> Event:
    """All that the workflow's end calls for is done."""
    return Closed(failure_workflow_id=failure_workflow_id)


WOKEN: Final[Event] = Wake()


# -- what the decider makes of it --------------------------------------------------------------


class Answers:
    """See ``Scripts``: by its text, what a script yields; an exception is raised."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, Mapping[str, JsonValue]]] = []

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        self.asked.append((source, inputs))
        answer: JsonValue | ScriptError = self._answers[source]
        if isinstance(answer, ScriptError):
            raise answer
        return answer

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        return self.javascript(source, inputs)

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        return [self._answers[query]]

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return None


@dataclass(frozen=True)
class Change:
    """A transition, asked for what it does; a question without an answer is a failed test."""

    view: View
    transition: Transition
    now: EpochMillis
    asked: tuple[tuple[str, Mapping[str, JsonValue]], ...] = ()

    # -- tasks

    @property
    def created(self) -> list[str]:
        """Full references of the tasks that come into being, in order."""
        return [w.task.ref for w in self.transition.writes if isinstance(w, CreateTask)]

    @property
    def changed(self) -> dict[str, str]:
        """The last status of each task that is written, by reference."""
        return {
            w.task.ref: w.task.status.value
            for w in self.transition.writes
            if isinstance(w, CreateTask | ReplaceTask)
        }

    @property
    def deleted(self) -> list[str]:
        """References of the tasks that are forgotten."""
        return [w.ref for w in self.transition.writes if isinstance(w, DeleteTask)]

    @property
    def frozen(self) -> list[str]:
        """Ids of the attempts that are kept beside those that replace them."""
        return [w.task.task_id for w in self.transition.writes if isinstance(w, FreezeAttempt)]

    def stores(self, ref: str) -> TaskState:
        """Return a task as it is left."""
        found = [
            w.task
            for w in self.transition.writes
            if isinstance(w, CreateTask | ReplaceTask) and w.task.ref == ref
        ]
        assert found, f"{ref} is not written, but {self.changed}"
        return found[-1]

    def replaces(self, ref: str) -> list[tuple[str, int]]:
        """Return the ``(task id, revision)`` that each replacement of a task insists on."""
        return [
            (w.replaces_task_id, w.replaces_revision)
            for w in self.transition.writes
            if isinstance(w, ReplaceTask) and w.task.ref == ref
        ]

    # -- the workflow

    @property
    def workflow(self) -> WorkflowState:
        """The workflow item as it is left."""
        found = [w.workflow for w in self.transition.writes if isinstance(w, UpdateWorkflow)]
        assert found, "the workflow item is not written"
        return found[-1]

    @property
    def replaced_revisions(self) -> list[int]:
        """The revisions that updates of the workflow item insist on."""
        return [
            w.replaces_revision for w in self.transition.writes if isinstance(w, UpdateWorkflow)
        ]

    @property
    def ends_workflow_as(self) -> str | None:
        """The status in which the workflow ends, None if it does not."""
        ends = [
            w.workflow.status.value
            for w in self.transition.writes
            if isinstance(w, UpdateWorkflow) and w.workflow.status.is_terminal
        ]
        return ends[-1] if ends else None

    # -- the wake

    @property
    def pulls_wake_to(self) -> EpochMillis | None:
        """Until when the next wake is pulled, None if it is left where it is."""
        pulls = [n for n, w in enumerate(self.transition.writes) if isinstance(w, PullWake)]
        assert pulls in ([], [0]), "a wake is pulled before anything else is stored"
        first = self.transition.writes[0] if pulls else None
        return first.at if isinstance(first, PullWake) else None

    @property
    def moves_wake_by(self) -> EpochMillis | None:
        """How far from now the wake is moved; None if it is taken away."""
        (found,) = [w for w in self.transition.writes if isinstance(w, SetWake)]
        assert found.expected_at == self.view.workflow.wake_at
        return None if found.at is None else found.at - self.now

    @property
    def moves_wake(self) -> bool:
        """Whether the wake is moved at all."""
        return any(isinstance(w, SetWake) for w in self.transition.writes)

    @property
    def wake_interval(self) -> int:
        """The interval that the next wake will grow from."""
        (found,) = [w for w in self.transition.writes if isinstance(w, SetWake)]
        return found.interval_ms

    @property
    def clears_wake(self) -> bool:
        """Whether the workflow is not to be woken any more."""
        return any(isinstance(w, UpdateWorkflow) and w.clears_wake for w in self.transition.writes)

    # -- what is sent

    @property
    def announced(self) -> list[tuple[str, str, int]]:
        """Queue, task id and delay in seconds of each task that is put into a worker's queue."""
        return [
            (m.queue, m.body, self._delay_seconds(m.deliver_at))
            for m in self.transition.messages
            if m.queue not in (ids.EVALUATOR_QUEUE, ids.EVENTS_QUEUE)
        ]

    @property
    def evaluates(self) -> list[tuple[str, Event, int]]:
        """Workflow, event and delay in seconds of each message to the evaluator."""
        found = []
        for message in self.transition.messages:
            if message.queue == ids.EVALUATOR_QUEUE:
                body: Any = decode_message(message.body)
                delay = self._delay_seconds(message.deliver_at)
                found.append((body.workflow_id, body.event, delay))
        return found

    @property
    def looks_later(self) -> list[tuple[str | None, int]]:
        """Reference and delay in seconds of each task that the evaluator is to look at."""
        return [(e.ref, delay) for _, e, delay in self.evaluates if isinstance(e, Look)]

    @property
    def published(self) -> list[JsonObject]:
        """The events for event handlers."""
        messages = self.transition.messages
        return [json.loads(m.body) for m in messages if m.queue == ids.EVENTS_QUEUE]

    @property
    def arrives(self) -> list[tuple[str, int, int, bool]]:
        """JOIN, position, size and flag of each arrival."""
        return [(a.join_ref, a.index, a.size, a.flagged) for a in self.transition.arrivals]

    @property
    def checks(self) -> list[tuple[str, int]]:
        """The JOINs that may be full already, with their sizes."""
        return list(self.transition.joins)

    @property
    def launches(self) -> list[str]:
        """The tasks whose workflows are to be started, or looked at."""
        return list(self.transition.launches)

    @property
    def then(self) -> list[Event]:
        """What is decided next."""
        return list(self.transition.then)

    @property
    def does_nothing(self) -> bool:
        """Whether there is nothing to store, to send or to look at."""
        return self.transition.is_empty and not self.transition.joins

    def _delay_seconds(self, deliver_at: EpochMillis | None) -> int:
        return 0 if deliver_at is None else (deliver_at - self.now) // SECOND


def decided(
    view: View,
    event: Event,
    *,
    now: EpochMillis = NOW,
    scripts: Mapping[str, Any] | None = None,
    environment: Mapping[str, JsonValue] | None = None,
    max_writes: int = 500,
) -> Change:
    """Return what the decider makes of an event."""
    answers = Answers(scripts or {})
    tools = _tools(answers, environment or {}, max_writes)
    transition = decide(view, event, now=now, tools=tools)
    return Change(view, transition, now, tuple(answers.asked))


def operated(view: View, *, now: EpochMillis = NOW, max_writes: int = 500) -> Change:
    """Return the next part of the operation that a workflow is in."""
    tools = _tools(Answers({}), {}, max_writes)
    return Change(view, continue_operation(view, now=now, tools=tools), now)


def _tools(answers: Answers, environment: Mapping[str, JsonValue], max_writes: int) -> Tools:
    return Tools(
        scripts=answers,
        environment=environment.get,
        is_exhausted=lambda: False,
        max_writes=max_writes,
    )


def asked_for(view: View, event: Event, *, now: EpochMillis = NOW) -> list[str]:
    """Return the tasks that a decision has to read before it can be made."""
    try:
        decided(view, event, now=now)
    except NotLoadedError as missing:
        return sorted(missing.refs)
    return []


def after(change: Change) -> View:
    """Return the workflow once a change has been stored; everything of it is read again."""
    tasks = {task.ref: task for task in change.view.tasks.values() if task is not None}
    workflow = change.view.workflow
    for write in change.transition.writes:
        match write:
            case CreateTask(task) | ReplaceTask(task):
                tasks[task.ref] = task
            case DeleteTask(_, ref):
                tasks.pop(ref, None)
            case UpdateWorkflow(changed, _, clears_wake):
                wake_at = None if clears_wake else workflow.wake_at
                workflow = replace(changed, wake_at=wake_at)
            case PullWake(_, at):
                workflow = replace(workflow, wake_at=at)
            case SetWake(_, _, at, interval_ms):
                workflow = replace(workflow, wake_at=at, wake_interval_ms=interval_ms)
            case _:
                pass
    view = View(
        workflow=workflow,
        plan=change.view.plan,
        task_defs=change.view.task_defs,
        polls=change.view.polls,
    )
    view.learn_all(tasks.values())
    return view
