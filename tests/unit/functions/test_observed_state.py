"""What a deployment measures while it stores."""

from collections.abc import Sequence

from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_functions.measures import Measures
from dalsegno_functions.observability import Measure
from dalsegno_functions.observed_state import ObservedStateStore
from dalsegno_state.sqlite import open_ports
from dalsegno_state.writes import CreateTask, ReplaceTask, UpdateWorkflow, Write
from tests.builders import NOW, a_task, a_workflow_state
from tests.clock import ManualClock


class World:
    """A measured store and what it has told."""

    def __init__(self) -> None:
        self.told: list[tuple[Measure, float]] = []
        inner = open_ports(None, ManualClock()).state
        self.store = ObservedStateStore(inner, (Measures(self._tell),))

    def after(self, writes: Sequence[Write]) -> list[tuple[Measure, float]]:
        """Return what is told of writes to a running workflow."""
        self.store.create_workflow(a_workflow_state())
        self.told.clear()
        self.store.commit(writes)
        return self.told

    def _tell(self, measure: Measure, value: float) -> None:
        self.told.append((measure, value))


def _ends(status: WorkflowStatus, *, closed_later_ms: int = 0) -> UpdateWorkflow:
    workflow = a_workflow_state(
        status=status, revision=1, ended_at=NOW, updated_at=NOW + closed_later_ms
    )
    return UpdateWorkflow(workflow, 0)


def test_a_workflow_is_counted_once_when_it_starts() -> None:
    world = World()

    world.store.create_workflow(a_workflow_state())
    world.store.create_workflow(a_workflow_state())

    assert world.told == [(Measure.WORKFLOWS_STARTED, 1)]


def test_the_end_of_a_workflow_is_told() -> None:
    assert World().after([_ends(WorkflowStatus.COMPLETED)]) == [(Measure.WORKFLOWS_COMPLETED, 1)]
    assert World().after([_ends(WorkflowStatus.TIMED_OUT)]) == [(Measure.WORKFLOWS_FAILED, 1)]


def test_closing_what_had_ended_is_not_another_end() -> None:
    assert World().after([_ends(WorkflowStatus.COMPLETED, closed_later_ms=5)]) == []


def test_a_write_that_lost_is_not_told() -> None:
    lost = UpdateWorkflow(a_workflow_state(status=WorkflowStatus.COMPLETED, ended_at=NOW), 7)

    assert World().after([lost]) == []


def test_the_time_a_task_took_is_told_when_it_ends() -> None:
    task = a_task(scheduled_at=NOW)
    ended = a_task(status=TaskStatus.COMPLETED, revision=1, ended_at=NOW + 250)

    told = World().after([CreateTask(task), ReplaceTask(ended, task.task_id, 0)])

    assert told == [(Measure.TASK_MILLIS, 250)]
