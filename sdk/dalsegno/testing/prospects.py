"""Whether anything can still happen to the workflows of a test if nobody does anything."""

from collections.abc import Iterator
from typing import Final

from dalsegno.models import EpochMillis, TaskStatus, WorkflowStatus, WorkflowTimeoutPolicy
from dalsegno_state.engine.claiming import definition_of
from dalsegno_state.engine.loading import Loader
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.plan import Plan
from dalsegno_state.ports import Ports
from dalsegno_state.timeouts import deadline, workflow_deadline

# A workflow that several looks, ever further apart, have left as it was has lost nothing.
_FRUITLESS_MS: Final = 4 * 3_600_000


class Prospects:
    """Looks for timers among what is stored; the queues are empty, and nobody is at work."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._loader = Loader(ports)

    def has_any(self, *, patient: bool) -> bool:
        """Return whether a wake of any workflow may find something to do.

        Args:
            patient: Messages may have been lost, which wakes make up for.
        """
        due = self._ports.state.due(_FOR_EVER, _MOST)
        workflows = (self._ports.state.workflow(each.workflow_id) for each in due)
        return any(w is not None and self._may_go_on(w, patient=patient) for w in workflows)

    def _may_go_on(self, workflow: WorkflowState, *, patient: bool) -> bool:
        if workflow.status.is_terminal:
            return patient or workflow.closing
        if workflow.operation is not None:
            return True
        if patient and workflow.wake_interval_ms < _FRUITLESS_MS:
            return True
        plan = self._loader.plan(workflow.definition_hash)
        now = self._ports.clock.now()
        return any(at > now for at in self._deadlines(workflow, plan))

    def _deadlines(self, workflow: WorkflowState, plan: Plan) -> Iterator[EpochMillis]:
        now = self._ports.clock.now()
        ends_at = workflow_deadline(workflow, plan.definition)
        if plan.definition.timeout_policy is WorkflowTimeoutPolicy.TIME_OUT_WF and ends_at:
            yield ends_at
        if workflow.status is WorkflowStatus.PAUSED:
            return
        for task in self._ports.state.all_tasks(workflow.workflow_id):
            yield from self._timers(task, plan, now)

    def _timers(self, task: TaskState, plan: Plan, now: EpochMillis) -> Iterator[EpochMillis]:
        if task.status.is_terminal:
            return
        at = deadline(task, definition_of(task, plan, self._ports.definitions), now)
        if at is not None:
            yield at
        if task.wait_until is not None:
            yield task.wait_until
        if task.status is TaskStatus.SCHEDULED:  # announced again by a wake to come
            yield _FOR_EVER


_FOR_EVER: Final[EpochMillis] = 1 << 53
_MOST: Final = 10_000
