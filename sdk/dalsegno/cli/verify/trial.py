"""One run of checks against a server: what it registers, starts, works on and removes."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar
from uuid import uuid4

from dalsegno.cli.verify.outcome import (
    CheckFailedError,
    Outcome,
    Result,
    SkippedError,
)
from dalsegno.client import Dalsegno, Execution, StillRunningError, WorkflowFailedError
from dalsegno.definitions import Steps, Workflow
from dalsegno.errors import ConductorError, ConflictError, NotFoundError
from dalsegno.models import IdempotencyStrategy, JsonObject, JsonValue, TaskDef
from dalsegno.workers import Worker
from dalsegno.workers.function import WorkerFunction

if TYPE_CHECKING:
    from dalsegno.cli.verify.checks import Check, Sizes

T = TypeVar("T")

_CONCURRENCY: Final = 20
_OWNER: Final = "verify@example.com"
_PAUSE_SECONDS: Final = 0.25


class Trial:
    """Registers under one prefix, and remembers what is to be removed.

    Args:
        client: Of the server.
        prefix: Names of all that is registered begin with it.
        timeout_seconds: How long one wait may take.

    Attributes:
        client: Of the server.
        run_id: Differs from run to run: for keys that must be new.
    """

    def __init__(self, client: Dalsegno, prefix: str, *, timeout_seconds: float) -> None:
        self.client = client
        self.run_id = uuid4().hex
        self._prefix = prefix
        self._timeout_seconds = timeout_seconds
        self._workflows: set[str] = set()
        self._tasks: set[str] = set()
        self._schedules: set[str] = set()
        self._handlers: set[str] = set()
        self._executions: set[str] = set()

    def outcome(self, name: str, check: "Check", sizes: "Sizes") -> Outcome:
        """Return what running a check has shown."""
        began_at = time.monotonic()
        look = ""
        try:
            saw, result = check(self, sizes), Result.HELD
        except SkippedError as error:
            saw, result = str(error), Result.SKIPPED
        except (CheckFailedError, ConductorError, StillRunningError) as error:
            saw, result = " ".join(str(error).split()), Result.FAILED
            look = _place_to_look(error)
        return Outcome(name, result, saw, time.monotonic() - began_at, look)

    def name(self, suffix: str) -> str:
        """Return a name under the prefix."""
        return f"{self._prefix}_{suffix}"

    def register(self, suffix: str, *steps: Steps, **fields: JsonValue) -> str:
        """Register a workflow with these fields of its JSON; return its name."""
        name = self.name(suffix)
        definition = Workflow(name, *steps, owner_email=_OWNER).with_fields(fields).draft()
        self._workflows.add(name)
        self.client.definitions.workflows.put(definition)
        return name

    def define(self, suffix: str, **fields: Any) -> str:
        """Register a task definition that fails at once; return its name."""
        name = self.name(suffix)
        self._tasks.add(name)
        self.client.definitions.tasks.put(
            TaskDef(name=name, owner_email=_OWNER, retry_count=0, **fields)
        )
        return name

    def start(
        self,
        name: str,
        input: Mapping[str, JsonValue] | None = None,
        *,
        key: str | None = None,
        strategy: IdempotencyStrategy | None = None,
    ) -> Execution:
        """Start a workflow, which is removed at the end."""
        execution = self.client.start(
            name, dict(input or {}), idempotency_key=key, idempotency_strategy=strategy
        )
        self._executions.add(execution.id)
        return execution

    def result(self, execution: Execution) -> JsonObject:
        """Return the output of an execution once it has completed."""
        return execution.result(timeout_seconds=self._timeout_seconds)

    @contextmanager
    def working(self, task_type: str, do: Callable[..., Any]) -> Iterator[None]:
        """Do the tasks of a type with a function for as long as the block lasts."""
        function = WorkerFunction(do, task_type=task_type)
        with Worker(function, url=self.client.url, concurrency=_CONCURRENCY):
            yield

    def schedule(self, suffix: str) -> str:
        """Return the name of a schedule, which is removed at the end."""
        name = self.name(suffix)
        self._schedules.add(name)
        return name

    def handler(self, suffix: str) -> str:
        """Return the name of an event handler, removed at the end.

        It differs from run to run: the server remembers what a handler of a name has done.
        """
        name = self.name(f"{suffix}_{self.run_id}")
        self._handlers.add(name)
        return name

    def eventually(self, look: Callable[[], T], what: str) -> T:
        """Return what a function returns once that is true; fail with ``what`` after a while."""
        deadline = time.monotonic() + self._timeout_seconds
        while not (found := look()):
            if time.monotonic() > deadline:
                raise CheckFailedError(f"{what} within {self._timeout_seconds:g} s")
            time.sleep(_PAUSE_SECONDS)
        return found

    def remove_all(self) -> list[str]:
        """Remove what was made; return what could not be, with the reason."""
        left: list[str] = []
        for schedule in self._schedules:
            self._try(left, f"schedule {schedule}", self.client.schedules.delete, schedule)
        for handler in self._handlers:
            self._try(left, f"event handler {handler}", self.client.event_handlers.delete, handler)
        for workflow in self._workflows:
            self._try(left, f"executions of {workflow}", self._find, workflow)
        for execution in self._executions:
            self._try(left, f"execution {execution}", self._remove, execution)
        for workflow in self._workflows:
            self._try(left, f"workflow {workflow}", self._delete_workflow, workflow)
        for task in self._tasks:
            self._try(left, f"task definition {task}", self.client.definitions.tasks.delete, task)
        return left

    def _find(self, workflow: str) -> None:
        """Remember the executions that other workflows, events and schedules have started."""
        hits = self.client.executions.search(f"workflowType = '{workflow}'")
        self._executions.update(hit.workflow_id for hit in hits)

    def _remove(self, workflow_id: str) -> None:
        execution = self.client.execution(workflow_id)
        with suppress(ConflictError):  # it has ended, as most have
            execution.terminate("dalsegno verify has ended")
        execution.remove(archive=False)

    def _delete_workflow(self, name: str) -> None:
        self.client.definitions.workflows.delete(name, 1)

    def _try(self, left: list[str], what: str, remove: Callable[[str], None], name: str) -> None:
        try:
            self._delete(remove, name)
        except ConductorError as error:
            left.append(f"{what}: {error}")

    def _delete(self, remove: Callable[[str], None], name: str) -> None:
        try:
            remove(name)
        except NotFoundError:
            return


def _place_to_look(error: Exception) -> str:
    match error:
        case WorkflowFailedError(workflow_id=workflow_id):
            return (
                f"its last task says why; in the logs of the functions look for {workflow_id}. "
                "A denied call of AWS is written there as AccessDenied"
            )
        case StillRunningError(workflow_id=workflow_id):
            return (
                f"nothing moved {workflow_id} on: dalsegno dead-letters list, the alarms, and "
                "whether the account's concurrency is used up"
            )
        case ConductorError(status=status) if status in {401, 403}:
            return "the caller needs the role admin: dalsegno keys create --role admin"
        case ConductorError():
            return "the log of the function api has the request and its reason"
    return "docs/real-account.md says what each check relies on"
