"""System tasks with effects, done by whoever consumes their queues."""

from collections.abc import Mapping
from dataclasses import replace

from dalsegno.models import TaskStatus, WorkflowTask
from dalsegno_state import ids
from dalsegno_state.engine.claiming import Claimed, Claims, NotYet, definition_of
from dalsegno_state.engine.effects.work import WORKER_ID, Effect, HandOver, Work
from dalsegno_state.engine.loading import Loader
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
        match effect.perform(work):
            case Reported() as report:
                self._runner.run(work.task.workflow_id, report)
                effect.settle(work)
            case HandOver(queue):
                self._claims.give_back(work.task, queue, work.workflow.priority)

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
        return Work(view.workflow, task, _node(view, task), inputs)


def _node(view: View, task: TaskState) -> WorkflowTask:
    node = view.plan.nodes.get(task.base_ref)
    if node is not None and task.node is None:
        return node.task
    return WorkflowTask.model_validate(task.node or {})
