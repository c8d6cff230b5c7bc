"""Those who do the tasks of a test, as its mocks say."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from dalsegno.models import Task, TaskResult
from dalsegno.testing.disturbances import DisturbanceKind, Fate
from dalsegno.testing.errors import UnmockedTaskError
from dalsegno.testing.mocks import (
    Crashes,
    InProgress,
    Mock,
    Outcome,
    Responds,
    Takes,
    TimesOut,
    outcome_of,
    reported,
)
from dalsegno.testing.scripts import Mocks, Numbers
from dalsegno.testing.simulation import ROOT_ID, Simulation
from dalsegno.testing.stubs import is_stub

STANDING: Final = ("HUMAN", "WAIT")
_CALLS: Final = ("HTTP", "HTTP_POLL")


class Staff:
    """Takes what the queues of a simulation have for workers, and reports.

    Args:
        numbers: Which attempt gets which entry of its script.
        waiting: Whether mocks complete HUMAN or WAIT tasks.
        report: Shows what has happened so far, in messages.
    """

    def __init__(
        self,
        simulation: Simulation,
        mocks: Mocks,
        numbers: Numbers,
        *,
        waiting: bool,
        report: Callable[[], str],
    ) -> None:
        self._simulation = simulation
        self._mocks = mocks
        self._numbers = numbers
        self._report = report
        self._callbacks: Counter[str] = Counter()
        self._seen: set[str] = set()
        simulation.do_work = self._work
        simulation.do_system_task = self._do_system_task
        if waiting:
            simulation.see_to_waiting = self._see_to_waiting

    @property
    def _fate(self) -> Fate:
        return self._simulation.fate

    # -- workers -----------------------------------------------------------------------------

    def _work(self, task: Task) -> None:
        """Do a worker's task."""
        name = task.workflow_task.task_reference_name
        mock = self._mock_of(task)
        if mock is None:
            raise UnmockedTaskError(self._unmocked(task, "{...}"))
        if self._fate.strikes(DisturbanceKind.WORKER_DIES_BEFORE, f"task {name}"):
            return
        outcome = outcome_of(mock, _seen_by_mock(task))
        if self._fate.strikes(DisturbanceKind.WORKER_DIES_AFTER, f"task {name}"):
            return
        self._have(task, outcome)
        if self._fate.strikes(DisturbanceKind.REPORTED_TWICE, f"task {name}"):
            self._have(task, outcome)

    def _have(self, task: Task, outcome: Outcome | TaskResult) -> None:
        """Have the outcome of a task."""
        if isinstance(outcome, Takes):
            self._simulation.later(
                outcome.duration.total_seconds(),
                lambda: self._have(task, outcome_of(outcome.then, _seen_by_mock(task))),
            )
        elif isinstance(outcome, Crashes):
            if outcome.after is not None:
                outcome_of(outcome.after, _seen_by_mock(task))
        elif isinstance(outcome, Responds):
            raise TypeError(
                f"Responds answers HTTP and HTTP_POLL tasks; {task.reference_task_name} is of "
                f"type {task.task_type}: give its output as a dict"
            )
        elif not isinstance(outcome, TimesOut):
            if isinstance(outcome, InProgress):
                self._callbacks[task.task_id] += 1
            self._update(task, reported(outcome))

    def _update(self, task: Task, result: TaskResult) -> None:
        addressed = result.model_copy(
            update={
                "workflow_instance_id": task.workflow_instance_id,
                "task_id": task.task_id,
                "worker_id": result.worker_id or "test",
            }
        )
        self._simulation.insist(lambda: self._simulation.engine.tasks.update(addressed))

    # -- system workers ----------------------------------------------------------------------

    def _do_system_task(self, task: Task) -> None:
        """Do a task of the engine's own, unless it is mocked."""
        if task.task_type == "AWS_LAMBDA":
            self._invoke(task)
        elif task.task_type in _CALLS:
            self._call(task)
        else:
            self._do_inside(task)

    def _invoke(self, task: Task) -> None:
        """Have a function invoked; what it answers is what the mock says."""
        invoked = self._simulation.outside.invoked
        self._simulation.engine.run_system_task(task.task_id)
        while invoked:
            payload = invoked.pop()
            self._work(self._simulation.engine.tasks.get(str(payload["taskId"])))

    def _call(self, task: Task) -> None:
        outside = self._simulation.outside
        mock = None if task.status.is_terminal else self._mock_of(task)
        if mock is None:
            if outside.network is None and not task.status.is_terminal:
                raise UnmockedTaskError(self._unmocked(task, "Responds({...})"))
            outside.is_mocked = False
            self._simulation.engine.run_system_task(task.task_id)
            return
        outcome = outcome_of(mock, task)
        if not isinstance(outcome, (Responds, TimesOut, Crashes)):
            self._have(task, outcome)
            return
        outside.is_mocked = True
        outside.answer = outcome if isinstance(outcome, Responds) else None
        self._simulation.engine.run_system_task(task.task_id)
        if task.task_type == "HTTP_POLL":
            self._callbacks[task.task_id] += 1

    def _do_inside(self, task: Task) -> None:
        mock = None if task.status.is_terminal else self._mock_of(task)
        if mock is None:
            self._simulation.engine.run_system_task(task.task_id)
            return
        outcome = outcome_of(mock, task)
        if isinstance(outcome, (TimesOut, Crashes)):
            raise TypeError(
                f"{task.reference_task_name} is of type {task.task_type}, which no worker does: "
                "it can complete or fail"
            )
        self._have(task, outcome)

    # -- people ------------------------------------------------------------------------------

    def _see_to_waiting(self) -> bool:
        """Do the first open task that waits for somebody and is mocked, if there is one."""
        for task in self._simulation.open_tasks(*STANDING):
            if task.task_id not in self._seen:
                self._seen.add(task.task_id)
                mock = self._mock_of(task)
                if mock is not None:
                    self._have(task, outcome_of(mock, task))
                    return True
        return False

    # -- mocks -------------------------------------------------------------------------------

    def _mock_of(self, task: Task) -> Mock | None:
        """Return what is to come of an attempt, or None if nobody has said."""
        key = self._mocks.key_of(task)
        if key is None:
            return None
        callbacks = self._callbacks[task.task_id]
        number = self._numbers.number(key, self._identity(task), callbacks)
        return self._mocks.scripts[key].entry(number)

    def _identity(self, task: Task) -> str:
        """Return where an attempt comes from: the same in each run."""
        attempt = task.task_id.partition(".")[2]
        return f"{self._path(task.workflow_instance_id)}/{attempt}"

    def _path(self, workflow_id: str) -> str:
        workflow = self._simulation.memory.ports.state.workflow(workflow_id)
        if workflow_id == ROOT_ID or workflow is None:
            return ""
        if workflow.parent_task_id is None or workflow.parent_workflow_id is None:
            return workflow.name
        attempt = workflow.parent_task_id.partition(".")[2]
        return f"{self._path(workflow.parent_workflow_id)}/{attempt}"

    def _unmocked(self, task: Task, example: str) -> str:
        ref, kind = task.workflow_task.task_reference_name, task.task_type
        names = f'"{kind}"' if ref == kind else f'"{kind}" (or "{ref}", for this task only)'
        if kind in _CALLS:
            names = f'"{ref}"'
        return (
            f"nobody does task {ref} of type {kind}: add .mock({names}, {example})\n\n"
            f"{self._report()}"
        )


def _seen_by_mock(task: Task) -> Task:
    """Return a task as its mock sees it: one of a stubbed workflow has that workflow's input."""
    if not is_stub(task.workflow_task):
        return task
    return task.model_copy(update={"input_data": task.input_data.get("input", {})})
