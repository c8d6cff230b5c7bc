"""System tasks with effects, done by whoever consumes their queues."""

from collections.abc import Mapping
from dataclasses import replace

from dalsegno.errors import UnavailableError
from dalsegno.models import TaskStatus, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.engine.claiming import Claimed, Claims, NotYet, definition_of
from dalsegno_state.engine.effects.work import WORKER_ID, Effect, HandOver, Work
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.revealed_secrets import RevealedSecrets
from dalsegno_state.engine.runner import Runner
from dalsegno_state.events import Reported
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Message, Ports
from dalsegno_state.view import View
from dalsegno_state.worker_queue import queue_of
from dalsegno_state.writes import ReplaceTask


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

    def run(self, task_id: str) -> None:
        """Do a scheduled task, unless somebody else is at it."""
        match self._claims.claim(task_id, WORKER_ID):
            case Claimed(task, view):
                self._perform(self._work(view, task))
            case NotYet(delay_ms):
                found = self._found(task_id)
                if found is not None:
                    self._come_back(*found, delay_ms)
            case _:
                self._take_over(task_id)

    def _take_over(self, task_id: str) -> None:
        """Do a task again whose worker has not reported in time."""
        found = self._found(task_id)
        if found is None:
            return
        view, task = found
        if task.status is not TaskStatus.IN_PROGRESS or task.output:
            return  # ended; or its effect is had, and its end comes from outside
        work = self._work(view, task)
        now = self._ports.clock.now()
        left_ms = task.updated_at + self._effects[task.task_type].lease_ms(work) - now
        if left_ms > 0:
            self._come_back(view, task, left_ms)
            return
        taken = replace(task, revision=task.revision + 1, updated_at=now)
        if self._ports.state.commit([ReplaceTask(taken, task_id, task.revision)]) is None:
            self._perform(replace(work, task=taken))

    def _perform(self, work: Work) -> None:
        effect = self._effects[work.task.task_type]
        match _outcome(effect, work):
            case Reported() as report:
                self._runner.run(work.task.workflow_id, report)
                effect.settle(work)
            case HandOver(queue):
                self._hand_over(work.task, queue)

    def _hand_over(self, task: TaskState, queue: str) -> None:
        """Make a claimed task available again, for the workers of a queue."""
        free = replace(
            task,
            revision=task.revision + 1,
            status=TaskStatus.SCHEDULED,
            worker_id=None,
            poll_count=task.poll_count - 1,
            updated_at=self._ports.clock.now(),
        )
        if self._ports.state.commit([ReplaceTask(free, task.task_id, task.revision)]) is None:
            self._ports.queues.send([Message(queue=queue, body=task.task_id)])

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


def _outcome(effect: Effect, work: Work) -> Reported | HandOver | None:
    """Return what came of doing a task, with the secrets redacted that it was done with.

    An error that says nothing of when to try again ends the attempt.
    """
    try:
        outcome = effect.perform(work)
    except UnavailableError:
        raise
    except Exception as error:  # noqa: BLE001  (its text may hold secrets, so it goes no further)
        outcome = work.failed(f"{type(error).__name__}: {error}")
    if work.secrets.is_empty or not isinstance(outcome, Reported):
        return outcome
    redactor = work.secrets.redactor()
    output = redactor.value(outcome.output)
    return replace(
        outcome,
        output=output if isinstance(output, dict) else {},
        reason=None if outcome.reason is None else redactor.text(outcome.reason),
    )


def _node(view: View, task: TaskState) -> WorkflowTask:
    node = view.plan.nodes.get(task.base_ref)
    if node is not None and task.node is None:
        return node.task
    return WorkflowTask.model_validate(task.node or {})
