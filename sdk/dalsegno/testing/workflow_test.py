"""``WorkflowTest``: a workflow, what stands in for the world around it, and runs of it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from dalsegno.models import TaskDef
from dalsegno.testing.clock import BEGINNING, ManualClock
from dalsegno.testing.definitions import (
    Source,
    all_tasks,
    check_mocks,
    read_definition,
    with_stubs,
)
from dalsegno.testing.disturbances import Fate
from dalsegno.testing.memory import outbound_http
from dalsegno.testing.mocks import Mock, WorkerFunction
from dalsegno.testing.outside import Outside
from dalsegno.testing.run import Run
from dalsegno.testing.scripts import Mocks, Numbers
from dalsegno.testing.simulation import MOST_STEPS, Simulation
from dalsegno.testing.staff import STANDING, Staff
from dalsegno.testing.stubs import stub


class WorkflowTest:
    """Runs a workflow on the real engine, in memory; each run is an installation of its own.

    Args:
        definition: A ``WorkflowDef``, a ``Workflow`` of the builder, a dict, or a path to JSON or
            YAML.
        sub_workflows: Further definitions, for SUB_WORKFLOW and START_WORKFLOW tasks and as
            failure workflows. Those that are mocked need none.
        task_defs: How tasks are retried and timed out; what is not defined has the defaults.
        secrets: What ``${workflow.secrets.NAME}`` stands for.
        environment: What ``${workflow.env.NAME}`` stands for.
        now: The moment at which each run begins, by default the beginning of 2026.
        allow_network: Let HTTP tasks that are not mocked make real calls.
        most_steps: After how many tasks, messages and timers a run counts as endless.
    """

    __test__ = False  # pytest takes everything called Test... for tests

    def __init__(
        self,
        definition: Source,
        *,
        sub_workflows: Iterable[Source] = (),
        task_defs: Iterable[TaskDef | Mapping[str, Any]] = (),
        secrets: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        now: datetime | None = None,
        allow_network: bool = False,
        most_steps: int = MOST_STEPS,
    ) -> None:
        self.definition = read_definition(definition)
        self._others = [read_definition(each) for each in sub_workflows]
        self._task_defs = [TaskDef.model_validate(each) for each in task_defs]
        self._secrets = dict(secrets or {})
        self._environment = dict(environment or {})
        self._begins_at = BEGINNING if now is None else _epoch_millis(now)
        self._allow_network = allow_network
        self._most_steps = most_steps
        self._mocks = Mocks()

    def mock(self, name: str, *script: Mock) -> Self:
        """Let something stand in for a task; return this test.

        Args:
            name: The task's type, its reference name (which goes first), the name of a
                sub-workflow, or, for one turn of a loop, a reference name such as ``ship__2``.
            script: What comes of the first attempt, the second, and so on; the last stands for
                all further ones. A dict is an output, a function is given the input; none at all
                completes with nothing.
        """
        self._mocks.add(name, script)
        return self

    def use(self, *workers: WorkerFunction) -> Self:
        """Have tasks done by worker functions, each those of its type; return this test."""
        for worker in workers:
            self._mocks.add(worker.task_type, [worker])
        return self

    def run(self, input: dict[str, Any] | None = None, **request: Any) -> Run:
        """Run the workflow until nothing can happen any more, however long that takes.

        It has ended then, or waits for somebody: see ``Run.status``.

        Args:
            input: Of the workflow.
            request: What else a start may say, such as ``correlation_id``.

        Raises:
            UnmockedTaskError: A task comes up that nobody does.
            UnknownMockError: A mock fits no task.
            EndlessRunError: The workflow does not come to rest.
        """
        return self.start(input, **request).finish()

    def start(self, input: dict[str, Any] | None = None, **request: Any) -> Run:
        """Start the workflow and stop before anybody does a task; go on step by step."""
        return self.prepared_run(Numbers()).begin(input or {}, request)

    def prepared_run(self, numbers: Numbers, fate: Fate | None = None) -> Run:
        """Return a run that has not been started.

        Args:
            numbers: Which attempt gets which entry of its script.
            fate: What goes wrong in it, if anything may.
        """
        outside = Outside(network=outbound_http() if self._allow_network else None)
        simulation = Simulation(
            ManualClock(self._begins_at), outside, fate, most_steps=self._most_steps
        )
        run = Run(simulation, self.definition)
        self._register(simulation)
        Staff(simulation, self._mocks, numbers, waiting=self._mocks_waiting(), report=run.report)
        return run

    def _register(self, simulation: Simulation) -> None:
        """Store the definitions, stubs in place of the workflows that are mocked."""
        definitions = [self.definition, *self._others]
        unclaimed = check_mocks(self._mocks.scripts, definitions)
        metadata, secrets = simulation.registrar.metadata, simulation.memory.ports.secrets
        for name, value in self._secrets.items():
            secrets.put_secret(name, value)
        for name, value in self._environment.items():
            secrets.put_environment(name, value)
        if self._task_defs:
            metadata.create_task_defs(self._task_defs)
        given = {each.name for each in definitions}
        stubs = [stub(name, name) for name in unclaimed if name not in given]
        for definition in [*definitions, *stubs]:
            stubbed = with_stubs(definition, self._mocks.scripts.__contains__)
            metadata.create_workflow_def(stubbed, overwrite=True)

    def _mocks_waiting(self) -> bool:
        """Return whether any mock may be for a task that waits for somebody."""
        names = self._mocks.scripts.keys()
        waiting = [t for t in all_tasks([self.definition, *self._others]) if t.type in STANDING]
        return any(not names.isdisjoint({t.task_reference_name, t.name, t.type}) for t in waiting)


def _epoch_millis(moment: datetime) -> int:
    """Return a moment in epoch milliseconds; one without a zone is in UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
