"""System tasks with effects, done by the consumers of their queues."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from dalsegno.errors import UnavailableError
from dalsegno.models import JsonObject, TaskStatus, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.draft import size_bytes
from dalsegno_state.engine.claiming import Claimed, Claims, NotYet, definition_of
from dalsegno_state.engine.effects.shares import Share, Shares
from dalsegno_state.engine.effects.work import (
    DEFAULT_LEASE_MS,
    WORKER_ID,
    Effect,
    HandOver,
    Work,
)
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.revealed_secrets import RevealedSecrets
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import Reported
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Message, Ports
from dalsegno_state.view import View
from dalsegno_state.worker_queue import queue_of
from dalsegno_state.writes import ReplaceTask

# A task whose workers die again and again takes them down, and must not do so for ever.
_MAX_TAKE_OVERS: Final = 3
# When to look again at a task that is beyond its lease, but still in the hands of this process.
_STILL_UNDER_WAY_MS: Final = 5_000


class SystemTasks:
    """Takes system tasks in hand and reports what came of them.

    Args:
        effects: How they are done, by the type that tasks show.
    """

    def __init__(
        self,
        ports: Ports,
        loader: Loader,
        runner: Runner,
        claims: Claims,
        effects: Mapping[str, Effect],
    ) -> None:
        self._ports = ports
        self._loader = loader
        self._runner = runner
        self._claims = claims
        self._effects = effects
        self._shares = Shares()
        # Tasks that a thread of this process is at. Changed by one operation each, so no lock.
        self._under_way: set[str] = set()

    def run(self, task_id: str) -> None:
        """Do a scheduled task, unless another worker is at it."""
        with self._shares.of(task_id) as share:
            refused_ms = partial(self._refused_ms, share)
            match self._claims.claim(task_id, WORKER_ID, refused_ms=refused_ms):
                case Claimed(task, view):
                    self._perform(self._work(view, task))
                case NotYet(delay_ms):
                    found = self._found(task_id)
                    if found is not None:
                        self._come_back(*found, delay_ms)
                case _:
                    self._take_over(share, task_id)

    def _take_over(self, share: Share, task_id: str) -> None:
        """Do a task again whose worker has died: it has not reported in time."""
        found = self._found(task_id)
        if found is None:
            return
        view, task = found
        if task.status is not TaskStatus.IN_PROGRESS or task.output:
            return  # ended; or it has had its effect, and its end comes from outside
        work = self._work(view, task)
        lease_ms = self._lease_ms(work)
        wait_ms = self._wait_ms(work, lease_ms) or self._refused_ms(share, view, task)
        if wait_ms:
            self._come_back(view, task, wait_ms)
            return
        taken = self._taken_over(task, is_counted=lease_ms > 0)
        if self._ports.state.commit([ReplaceTask(taken, task_id, task.revision)]) is not None:
            return
        try:
            self._perform(replace(work, task=taken))
        except UnavailableError:
            if lease_ms > 0:
                self._give_up_take_over(task, taken)
            raise

    def _give_up_take_over(self, before: TaskState, taken: TaskState) -> None:
        """Leave a task as it was: an outage is no death, and does not prolong the lease."""
        left = replace(before, revision=taken.revision + 1)
        with suppress(UnavailableError):
            self._ports.state.commit([ReplaceTask(left, taken.task_id, taken.revision)])

    def _taken_over(self, task: TaskState, *, is_counted: bool) -> TaskState:
        taken = replace(task, revision=task.revision + 1, updated_at=self._ports.clock.now())
        if not is_counted:
            return taken
        return replace(taken, poll_count=task.poll_count + 1, take_overs=task.take_overs + 1)

    def _wait_ms(self, work: Work, lease_ms: int) -> int:
        """Return how long the worker that is at a task still has; 0 if it is dead."""
        left_ms = work.task.updated_at + lease_ms - self._ports.clock.now()
        if work.task.task_id in self._under_way:
            return max(left_ms, _STILL_UNDER_WAY_MS)
        return max(left_ms, 0)

    def _lease_ms(self, work: Work) -> int:
        try:
            return self._effects[work.task.task_type].lease_ms(work)
        except Exception:  # noqa: BLE001  (the effect says why, when it is tried)
            return DEFAULT_LEASE_MS

    def _refused_ms(self, share: Share, view: View, task: TaskState) -> int | None:
        effect = self._effects.get(task.task_type)
        host = "" if effect is None else effect.shared_by(self._work(view, task))
        return share.take(host) if host else None

    def _perform(self, work: Work) -> None:
        task_id = work.task.task_id
        self._under_way.add(task_id)
        try:
            outcome = _redacted(self._outcome(work), work)
        finally:
            self._under_way.discard(task_id)
        match outcome:
            case Reported() as report:
                self._runner.run(work.task.workflow_id, report)
                self._effects[work.task.task_type].settle(work)
            case HandOver(queue):
                self._claims.give_back(work.task, queue, work.workflow.priority)

    def _outcome(self, work: Work) -> Reported | HandOver | None:
        """Return what came of a task; an unforeseen error fails this attempt only."""
        if work.task.take_overs > _MAX_TAKE_OVERS:
            return work.failed(
                f"The workers that were at it have died {work.task.take_overs} times", final=True
            )
        try:
            outcome = self._effects[work.task.task_type].perform(work)
            if isinstance(outcome, Reported):
                _check_json(outcome.output)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001
            return work.failed(f"{type(error).__name__}: {error}")
        return outcome

    def _found(self, task_id: str) -> tuple[View, TaskState] | None:
        """Return an attempt that is the current one of a system task."""
        address = ids.parse_task_id(task_id)
        view = None if address is None else self._loader.view(address.workflow_id)
        if address is None or view is None:
            return None
        task = self._ports.state.tasks(address.workflow_id, [address.ref]).get(address.ref)
        if task is None or task.task_id != task_id or task.task_type not in self._effects:
            return None
        return view, task

    def _come_back(self, view: View, task: TaskState, delay_ms: int) -> None:
        queue = queue_of(task, definition_of(task, view.plan, self._ports.definitions))
        at = self._ports.clock.now() + delay_ms
        self._ports.queues.send([Message(queue=queue, body=task.task_id, deliver_at=at)])

    def _work(self, view: View, task: TaskState) -> Work:
        inputs = task.input if isinstance(task.input, dict) else self._loader.payload(task.input)
        secrets = RevealedSecrets(self._ports.secrets.secret)
        return Work(view.workflow, task, _node(view, task), inputs, secrets)


def _redacted(outcome: Reported | HandOver | None, work: Work) -> Reported | HandOver | None:
    """Return what came of a task without the secrets that were revealed to do it."""
    if work.secrets.is_empty or not isinstance(outcome, Reported):
        return outcome
    redactor = work.secrets.redactor()
    output = redactor.value(outcome.output)
    return replace(
        outcome,
        output=output if isinstance(output, dict) else {},
        reason=None if outcome.reason is None else redactor.text(outcome.reason),
    )


def _check_json(output: JsonObject) -> None:
    """Raise an error if a result cannot be stored: it is no JSON, or nested too deeply."""
    json.dumps(output, allow_nan=False)
    size_bytes(output)


def _node(view: View, task: TaskState) -> WorkflowTask:
    node = view.plan.nodes.get(task.base_ref)
    if node is not None and task.node is None:
        return node.task
    return WorkflowTask.model_validate(task.node or {})
