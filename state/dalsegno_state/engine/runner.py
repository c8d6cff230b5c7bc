"""Load, decide, carry out: the loop around the decider."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Final, Protocol

from dalsegno.errors import UnavailableError
from dalsegno.models import EpochMillis, JsonObject, TaskStatus, WorkflowStatus
from dalsegno_state import ids
from dalsegno_state.decider import decide, forget_late
from dalsegno_state.draft import Tools
from dalsegno_state.ending import (
    FAILURE_WORKFLOW,
    end_of_abandoned,
    end_of_child,
    failure_workflow_follows,
    unevaluable,
    waiting_tasks,
)
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.output_cache import keep_output
from dalsegno_state.engine.rate_limits import RateLimits
from dalsegno_state.engine.scripting import PATIENCE_SECONDS, Patience, RememberedScripts
from dalsegno_state.engine.storing import Writer
from dalsegno_state.events import (
    ChildEnded,
    ChildNews,
    Close,
    Closed,
    Event,
    Look,
    Reported,
    Terminate,
    Wake,
    encode_evaluation,
)
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.forgetting import may_be_forgotten
from dalsegno_state.operations import continue_operation
from dalsegno_state.ports import Message, Ports
from dalsegno_state.scripts import Scripts, ScriptsBusyError
from dalsegno_state.transition import Transition
from dalsegno_state.view import NotLoadedError, View
from dalsegno_state.waking import MAX_FAILED_WAKES, WAKE_RETRY_MS, failed_wake
from dalsegno_state.writes import (
    CreateTask,
    FreezeAttempt,
    Lost,
    PullWake,
    SetWake,
    UpdateWorkflow,
)

# What finds all interpreters of scripts busy is tried again after this long.
BUSY_RETRY_MS: Final = 1_000
_MOST_LOADS: Final = 1_000
_MOST_CONFLICTS: Final = 200
_MAX_CAUSE_CHARS: Final = 500


class Decision(Protocol):
    """A pure function from what is stored to what must be written."""

    def __call__(self, view: View, *, now: EpochMillis, tools: Tools) -> Transition:
        """Return what must be written; raises ``NotLoadedError``."""
        ...


class Runner:
    """Takes events in until nothing more follows from them at once.

    Args:
        see_to_child: Starts or looks at the workflow of a task; returns what came of it.
        start_failure_workflow: Starts an ended workflow's failure workflow; returns its id.
        revive_parent: Takes up the task above a workflow that runs again, and what is around it.
        revive_children: Sets the ended workflows going that an operation goes on with.
    """

    def __init__(
        self,
        ports: Ports,
        scripts: Scripts,
        loader: Loader,
        writer: Writer,
        limits: RateLimits,
        *,
        see_to_child: Callable[[View, TaskState], Event | None],
        start_failure_workflow: Callable[[View], str],
        revive_parent: Callable[[WorkflowState], None],
        revive_children: Callable[[WorkflowState], None],
    ) -> None:
        self._ports = ports
        self._scripts = scripts
        self._loader = loader
        self._writer = writer
        self._limits = limits
        self._see_to_child = see_to_child
        self._start_failure_workflow = start_failure_workflow
        self._revive_parent = revive_parent
        self._revive_children = revive_children

    def run(
        self, workflow_id: str, event: Event, *, workflow: WorkflowState | None = None
    ) -> View | None:
        """Take an event in; on return everything that follows from it is stored and sent.

        Returns what was known of the workflow once the event itself was taken in. A workflow that
        does not exist (any more) swallows its events, and None is returned. Whoever has just
        stored or read the item may hand it over as ``workflow``.
        """
        given = None if workflow is None else self._loader.view_of(workflow)
        view = given or self._loader.view(workflow_id)
        known: View | None = None
        events = deque([event])
        hand_over_at = time.monotonic() + PATIENCE_SECONDS
        while events and view is not None:
            if known is not None and time.monotonic() > hand_over_at:
                events = self._hand_over(workflow_id, events)
                if not events:
                    break
            event = events.popleft()
            if isinstance(event, ChildNews):
                ended = self.child_ended(event)
                if ended is not None:
                    events.appendleft(ended)
            elif view.workflow.operation is not None and isinstance(event, Wake):
                self.carry_on(workflow_id)
            elif isinstance(event, Wake) and (end := self._end_of_orphan(view.workflow)):
                events.appendleft(end)
            else:
                view, following = self._take_in_or_postpone(view, event)
                events.extend(following)
            known = known or view
            view = self._loader.view(workflow_id) if events else None
        return known

    def _hand_over(self, workflow_id: str, events: Iterable[Event]) -> deque[Event]:
        """Leave looks and wakes to the evaluator, so that nobody waits for them; return the rest.

        Other events are the engine's own findings, which it takes from no queue.
        """
        rest: deque[Event] = deque()
        for event in events:
            if isinstance(event, (Look, Wake)):
                body = encode_evaluation(workflow_id, event)
                self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])
            else:
                rest.append(event)
        return rest

    def wake(self, workflow_id: str) -> None:
        """Look at everything of a workflow; should this die, it is done again soon."""
        workflow = self._ports.state.workflow(workflow_id)
        if workflow is None or workflow.wake_at is None:
            return
        retry_at = self._ports.clock.now() + WAKE_RETRY_MS
        self._ports.state.commit(
            [SetWake(workflow_id, workflow.wake_at, retry_at, workflow.wake_interval_ms)]
        )
        self.run(workflow_id, Wake())

    def wake_failed(self, workflow_id: str, error: Exception) -> None:
        """Count a wake that raised an error; the last of too many in a row ends the workflow."""
        workflow = self._ports.state.workflow(workflow_id)
        if workflow is None or workflow.wake_at is None:
            return
        if workflow.failed_wakes + 1 < MAX_FAILED_WAKES:
            self._ports.state.commit([failed_wake(workflow, self._ports.clock.now())])
            return
        cause = f"{type(error).__name__}: {error}"[:_MAX_CAUSE_CHARS]
        close = self._end_unevaluable(workflow, cause)
        if close is not None:
            self.run(workflow_id, close)

    def _end_unevaluable(self, workflow: WorkflowState, cause: str) -> Event | None:
        """End a workflow without evaluating anything of it; return what is left to be done."""
        transition = unevaluable(workflow, cause, self._ports.clock.now())
        if self._ports.state.commit(transition.writes) is not None:
            return None  # somebody else has changed it: the next wake looks again
        self._ports.queues.send(transition.messages)
        return next(iter(transition.then), None)

    def carry_on(self, workflow_id: str) -> None:
        """Finish the operation that a workflow is in, and look at what follows."""
        for _ in range(_MOST_CONFLICTS):
            view = self._loader.view(workflow_id)
            if view is None or view.workflow.operation is None:
                break
            if not view.workflow.status.is_terminal:
                self._limits.hold(view.workflow)
                self._revive_parent(view.workflow)
                self._revive_children(view.workflow)
            transition = self._decided(view, continue_operation)
            if self._writer.write(transition, view.plan) is None:
                self._ports.queues.send(transition.messages)
        self.run(workflow_id, Wake())

    def commit(
        self, view: View, workflow: WorkflowState, *, wake_by: EpochMillis | None = None
    ) -> bool:
        """Store a changed workflow item; return False if somebody else was first.

        With ``wake_by`` it is looked at no later, should the caller die before what follows.
        """
        update = UpdateWorkflow(workflow, view.workflow.revision)
        pull = () if wake_by is None else (PullWake(workflow.workflow_id, wake_by),)
        return self._writer.write(Transition(writes=(*pull, update)), view.plan) is None

    def child_ended(self, news: ChildNews) -> ChildEnded | None:
        """Return how a child workflow ended, or None if it has not."""
        child = self._ports.state.workflow(news.child_id)
        address = ids.parse_task_id(news.task_id)
        if child is None or not child.status.is_terminal or address is None:
            return None
        if news.task_id not in waiting_tasks(child):
            return None
        return ChildEnded(
            ref=address.ref,
            task_id=news.task_id,
            child_id=child.workflow_id,
            child_name=child.name,
            child_version=child.version,
            status=child.status,
            output={k: v for k, v in self.output_of(child).items() if k != FAILURE_WORKFLOW},
            reason=child.reason,
        )

    def end_orphan(self, workflow_id: str, told: Terminate) -> None:
        """End a workflow if the table says that its parent has ended it, or is gone."""
        child = self._ports.state.workflow(workflow_id)
        address = ids.parse_task_id("" if child is None else child.parent_task_id or "")
        if child is None or address is None:
            return
        if self._ports.state.workflow(address.workflow_id) is not None:
            end = self._end_of_orphan(child)
        else:
            end = None if child.last_retried_at else told
        if end is not None:
            self.run(workflow_id, end)

    def _end_of_orphan(self, child: WorkflowState) -> Terminate | None:
        """Return the end of a workflow whose parent has cancelled it, in case that was lost."""
        address = ids.parse_task_id(child.parent_task_id or "")
        if address is None or child.status.is_terminal:
            return None
        parent = self._ports.state.workflow(address.workflow_id)
        task = self._ports.state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        if parent is not None and parent.operation is not None:
            return None  # the operation may be about to go on with this workflow
        if parent is None or child.last_retried_at > max(parent.ended_at, parent.last_retried_at):
            return None  # an operator wants it to go on by itself
        if task is not None and task.task_id == child.parent_task_id:
            if task.status is TaskStatus.SKIPPED:
                return end_of_abandoned(task.ref)
            return end_of_child(parent) if task.status is TaskStatus.CANCELED else None
        if parent.run <= address.run:
            return None
        ended = parent.status.is_terminal
        return end_of_child(parent) if ended else end_of_abandoned(address.ref)

    def output_of(self, workflow: WorkflowState) -> JsonObject:
        """Return a workflow's output wherever it is kept."""
        if isinstance(workflow.output, dict):
            return workflow.output
        return self._loader.payload(workflow.output)

    def _take_in_or_postpone(self, view: View, event: Event) -> tuple[View, list[Event]]:
        """Decide one event, or have the evaluator do it soon if all interpreters are busy.

        Only a look may be put off so: what a caller reports is then not acknowledged.
        """
        try:
            return self._take_in(view, event)
        except ScriptsBusyError:
            if not isinstance(event, Look):
                raise
            body = encode_evaluation(view.workflow.workflow_id, event)
            soon = self._ports.clock.now() + BUSY_RETRY_MS
            self._ports.queues.send(
                [Message(queue=ids.EVALUATOR_QUEUE, body=body, deliver_at=soon)]
            )
            return view, []

    def _take_in(self, view: View, event: Event) -> tuple[View, list[Event]]:
        """Decide one event and carry out what it comes to; return the events that follow.

        With them comes the view as it is known then.
        """
        if isinstance(event, Reported):
            self._loader.load_open(view, event.ref, event.task_id)
        if isinstance(event, Wake) and view.workflow.rate_limited:
            self._limits.seek(view.workflow)
            view = self._loader.view(view.workflow.workflow_id) or view
        for attempt in range(_MOST_CONFLICTS):
            if isinstance(event, Close) and view.workflow.closing:
                self._limits.release(view.workflow)
            settled = self._with_failure_workflow(view, event)
            transition = self._decided(view, partial(decide, event=settled))
            lost = self._writer.write(transition, view.plan)
            self._forget_late(view, transition)
            if lost is None:
                view.learn_written(transition.writes)
                return view, self._follow_up(view, transition)
            fresh = self._learned(view, transition, lost, attempt)
            if fresh is None:
                return view, []
            view = fresh
        raise UnavailableError(f"workflow {view.workflow.workflow_id} keeps changing; try again")

    def _forget_late(self, view: View, transition: Transition) -> None:
        """Look again at what was stored within loops that forget their turns.

        Whoever slept between reading and writing may have brought back what was forgotten
        meanwhile. The loop tells, read once more; no message has been sent yet.
        """
        stored = {
            write.task.ref: write.task
            for write in transition.writes
            if isinstance(write, (CreateTask, FreezeAttempt))
            and may_be_forgotten(view.plan, write.task)
        }
        fresh = self._loader.view(view.workflow.workflow_id) if stored else None
        if fresh is not None:
            transition = self._decided(fresh, partial(forget_late, refs=stored))
            self._writer.write(transition, view.plan)

    def _decided(self, view: View, decision: Decision) -> Transition:
        scripts = RememberedScripts(self._scripts, view.workflow.name)
        patience = Patience()
        tools = Tools(
            scripts=scripts,
            environment=self._ports.secrets.environment,
            is_exhausted=lambda: scripts.is_busy or patience.is_over(),
        )
        is_short = False
        for _ in range(_MOST_LOADS):
            try:
                with patience:
                    transition = decision(view, now=self._ports.clock.now(), tools=tools)
                return self._postponed(transition) if is_short else transition
            except NotLoadedError as missing:
                self._loader.load(view, missing)
            except ScriptsBusyError:
                if is_short:
                    raise
                is_short = True  # from here on, what needs a script is left to the evaluator
        raise RecursionError("a decision kept asking for more")

    def _postponed(self, transition: Transition) -> Transition:
        """Return a transition whose looks come a little later, when scripts may be less busy."""
        soon = self._ports.clock.now() + BUSY_RETRY_MS
        return replace(
            transition,
            messages=tuple(
                replace(message, deliver_at=soon)
                if message.queue == ids.EVALUATOR_QUEUE and message.deliver_at is None
                else message
                for message in transition.messages
            ),
        )

    def _follow_up(self, view: View, transition: Transition) -> list[Event]:
        workflow_id = view.workflow.workflow_id
        for cached in transition.cached:
            keep_output(self._ports.documents, cached)
        events: list[Event] = list(self._writer.arrive(workflow_id, transition.arrivals))
        for join_ref, size in transition.joins:
            joined = self._writer.joined(workflow_id, join_ref, size)
            if joined is not None:
                events.append(joined)
        events.extend(self._children(workflow_id, transition.launches))
        if transition.messages:
            self._ports.queues.send(transition.messages)
        return [*events, *transition.then]

    def _children(self, workflow_id: str, refs: tuple[str, ...]) -> list[Event]:
        if not refs:
            return []
        view = self._loader.view(workflow_id)
        if view is None:
            return []
        tasks = self._ports.state.tasks(workflow_id, refs)
        found = [self._see_to_child(view, task) for ref in refs if (task := tasks.get(ref))]
        return [event for event in found if event is not None]

    def _learned(self, view: View, transition: Transition, lost: Lost, attempt: int) -> View | None:
        """Return a view that knows what stood in the way."""
        if isinstance(lost.write, CreateTask):
            refs = {w.task.ref for w in transition.writes if isinstance(w, CreateTask)}
            view.complete = False
            self._loader.load(view, NotLoadedError(refs=refs))
            workflow = self._ports.state.workflow(view.workflow.workflow_id)
            if workflow is None:
                return None
            view.workflow = workflow
            return view
        if attempt > 2:  # several writers at once: spread them out
            time.sleep(random.uniform(0, min(0.2, 0.002 * 2**attempt)))  # noqa: S311  # not secret
        return self._loader.view(view.workflow.workflow_id)

    def _with_failure_workflow(self, view: View, event: Event) -> Event:
        """Start the failure workflow before its parent's end is closed."""
        if not isinstance(event, Closed) or not view.workflow.closing:
            return event
        if view.workflow.status is WorkflowStatus.COMPLETED:
            return event
        if not failure_workflow_follows(view.workflow, view.plan.definition):
            return event
        return Closed(failure_workflow_id=self._start_failure_workflow(view))
