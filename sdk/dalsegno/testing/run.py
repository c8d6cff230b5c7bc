"""A run of a workflow in a test: what has happened, and what may happen next."""

from datetime import timedelta
from typing import Any, Self

from dalsegno.models import (
    StartWorkflowRequest,
    TaskResult,
    TaskResultStatus,
    Workflow,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno.testing.attempts import OPERATORS, TaskAttempt, Timer, attempt_of, timers_of
from dalsegno.testing.outside import SentEvent
from dalsegno.testing.recent import remember
from dalsegno.testing.report import report_of
from dalsegno.testing.simulation import ROOT_ID, Simulation


class Run:
    """One execution of a workflow, and of those that it has started.

    ``str(run)`` shows everything that has happened.
    """

    def __init__(
        self, simulation: Simulation, definition: WorkflowDef, workflow_id: str = ROOT_ID
    ) -> None:
        self.definition = definition
        self._simulation = simulation
        self._workflow_id = workflow_id
        self._known: Workflow | None = None

    # -- going on ----------------------------------------------------------------------------

    def begin(self, input: dict[str, Any], request: dict[str, Any]) -> Self:
        """Start the workflow; nobody has done a task yet."""
        remember(self)
        definition = self.definition
        whole = {"name": definition.name, "version": definition.version, "input": input, **request}
        self._known = None
        self._simulation.start(StartWorkflowRequest.model_validate(whole))
        return self

    def finish(self) -> Self:
        """Go on until nothing can happen any more, letting time pass."""
        self._known = None
        self._simulation.go_on()
        return self

    def until(self, ref: str) -> Self:
        """Go on until a task is open, and before anybody does it.

        Raises:
            AssertionError: It never is.
        """

        def is_open() -> bool:
            return self._open_task(ref) is not None

        self._known = None
        self._simulation.go_on(until=is_open)
        if not is_open():
            raise AssertionError(f"{ref} never comes to be open\n\n{self.report()}")
        return self

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> Self:
        """Let this much time pass, with all that happens meanwhile."""
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        clock = self._simulation.clock
        self._known = None
        self._simulation.go_on(limit=clock.now() + round(duration.total_seconds() * 1000))
        return self

    def signal(
        self, ref: str, output: dict[str, Any] | None = None, *, failing: str | None = None
    ) -> Self:
        """End an open task from outside, as a person or another service would.

        Args:
            ref: Its reference name.
            output: Its output.
            failing: The reason for which it fails; it completes if None.

        Raises:
            AssertionError: It is not open.
        """
        task_id = self._open_task(ref)
        if task_id is None:
            raise AssertionError(f"{ref} is not open\n\n{self.report()}")
        status = TaskResultStatus.COMPLETED if failing is None else TaskResultStatus.FAILED
        self._simulation.engine.tasks.update(
            TaskResult(
                workflow_instance_id=self._workflow_id,
                task_id=task_id,
                status=status,
                output_data=output or {},
                reason_for_incompletion=failing,
            )
        )
        return self._changed()

    def send_message(self, payload: dict[str, Any]) -> Self:
        """Send the workflow a message, for its PULL_WORKFLOW_MESSAGES tasks."""
        self._simulation.engine.messages.push(self._workflow_id, payload)
        return self._changed()

    def terminate(self, reason: str | None = None) -> Self:
        """End the workflow as an operator would."""
        self._simulation.engine.executions.terminate(self._workflow_id, reason)
        return self._changed()

    def pause(self) -> Self:
        """Let nothing new begin."""
        self._simulation.engine.executions.pause(self._workflow_id)
        return self._changed()

    def resume(self) -> Self:
        """Go on after a pause."""
        self._simulation.engine.executions.resume(self._workflow_id)
        return self._changed()

    def retry(self) -> Self:
        """Do again what has ended badly, as an operator would."""
        self._simulation.engine.executions.retry(self._workflow_id, resume_subworkflow_tasks=False)
        return self._changed()

    # -- what has happened -------------------------------------------------------------------

    @property
    def status(self) -> WorkflowStatus:
        """How the workflow stands; compares with plain text."""
        return self._workflow.status

    @property
    def output(self) -> dict[str, Any]:
        """What the workflow has put out."""
        return self._workflow.output

    @property
    def input(self) -> dict[str, Any]:
        """What the workflow was given."""
        return self._workflow.input

    @property
    def variables(self) -> dict[str, Any]:
        """The workflow's variables."""
        return self._workflow.variables

    @property
    def reason(self) -> str | None:
        """Why the workflow ended badly, if it did."""
        return self._workflow.reason_for_incompletion

    @property
    def elapsed(self) -> timedelta:
        """How long the workflow took, or has been going, in virtual time."""
        ended_at = self._workflow.end_time or self._simulation.clock.now()
        return timedelta(milliseconds=ended_at - self._workflow.create_time)

    @property
    def path(self) -> list[str]:
        """The tasks that were to be done, attempt by attempt: operators and scripts are left out.

        Names are as the definition spells them: a loop repeats them.
        """
        return [each.base_ref for each in self.trace if each.type not in OPERATORS]

    @property
    def trace(self) -> list[TaskAttempt]:
        """Every attempt of every task, operators included, in the order of their creation."""
        return [attempt_of(task, self._workflow.create_time) for task in self._workflow.tasks]

    def attempts(self, ref: str) -> int:
        """Return how many attempts a task took, over all turns of a loop."""
        return len(self.tasks(ref))

    def tasks(self, ref: str) -> list[TaskAttempt]:
        """Return all attempts of a task, over all turns of a loop unless one is named."""
        return [attempt for attempt in self.trace if ref in (attempt.ref, attempt.base_ref)]

    def task(self, ref: str) -> TaskAttempt:
        """Return the last attempt of a task.

        Raises:
            AssertionError: There is none.
        """
        found = self.tasks(ref)
        if not found:
            raise AssertionError(f"{ref} was never come to\n\n{self.report()}")
        return found[-1]

    @property
    def timers(self) -> list[Timer]:
        """What was waited for, and how long: WAIT tasks, delays before attempts, time-outs."""
        return timers_of(self._workflow.tasks)

    @property
    def events(self) -> list[SentEvent]:
        """The events that were sent, by this and all other workflows of the run."""
        return list(self._simulation.outside.events)

    def sub_workflow(self, ref: str) -> "Run":
        """Return the run of the workflow that a task has started.

        Raises:
            AssertionError: It has started none.
        """
        child_id = self.task(ref).sub_workflow_id
        if child_id is None:
            raise AssertionError(f"{ref} has started no workflow\n\n{self.report()}")
        return self._other(child_id)

    @property
    def failure_workflow(self) -> "Run | None":
        """The run of the failure workflow, if the end of this one has started it."""
        found = self.output.get("conductor.failure_workflow")
        return self._other(found) if isinstance(found, str) else None

    def history(self) -> dict[str, Any]:
        """Return the execution as the API exports it: see ``replay``."""
        return self._workflow.to_wire()

    # -- assertions --------------------------------------------------------------------------

    def assert_completed(self) -> Self:
        """Fail the test unless the workflow has completed; return this run."""
        return self.assert_status(WorkflowStatus.COMPLETED)

    def assert_failed(self, reason: str | None = None) -> Self:
        """Fail the test unless the workflow has failed, with this in its reason if given."""
        self.assert_status(WorkflowStatus.FAILED)
        if reason is not None and reason not in (self.reason or ""):
            raise AssertionError(
                f"the workflow failed for another reason than {reason!r}\n\n{self.report()}"
            )
        return self

    def assert_status(self, status: str) -> Self:
        """Fail the test unless the workflow has this status; return this run."""
        if self.status != status:
            raise AssertionError(f"the workflow is {self.status}, not {status}\n\n{self.report()}")
        return self

    def assert_path(self, *refs: str) -> Self:
        """Fail the test unless these are the run's ``path``; return this run."""
        if self.path != list(refs):
            raise AssertionError(
                f"the path is {' > '.join(self.path) or 'empty'},\n"
                f"not         {' > '.join(refs)}\n\n{self.report()}"
            )
        return self

    def report(self) -> str:
        """Return what has happened, as a table."""
        self._known = None
        return report_of(self._workflow, self._simulation.workflow)

    def __str__(self) -> str:
        """Return ``report``."""
        return self.report()

    def __repr__(self) -> str:
        """Return the run in a line."""
        return f"<Run of {self.definition.name}: {self.status}, {' > '.join(self.path)}>"

    # -- inside ------------------------------------------------------------------------------

    @property
    def _workflow(self) -> Workflow:
        if self._known is None:
            self._known = self._simulation.workflow(self._workflow_id)
        return self._known

    def _changed(self) -> Self:
        """Do what follows at once from what a client has just done."""
        self._known = None
        self._simulation.go_on(limit=self._simulation.clock.now())
        return self

    def _open_task(self, ref: str) -> str | None:
        return self._simulation.open_task_id(self._workflow_id, ref)

    def _other(self, workflow_id: str) -> "Run":
        definition = self._simulation.workflow(workflow_id).workflow_definition
        return Run(self._simulation, definition, workflow_id)
