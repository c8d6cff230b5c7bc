"""What stands in for workers and services: outcomes, functions, and scripts of these."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias, get_args, runtime_checkable

from dalsegno.models import JsonValue, Task, TaskResult, TaskResultStatus


@dataclass(frozen=True)
class Completes:
    """The task completes with this output; a plain dict means the same."""

    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Fails:
    """The attempt fails.

    Attributes:
        terminal: It must not be tried again.
    """

    reason: str = "failed by the test"
    terminal: bool = False
    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class InProgress:
    """The worker is not done: it wants the task back later, and then does what comes next."""

    after: timedelta = timedelta()
    output: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TimesOut:
    """The worker takes the task and never answers: the engine's time-outs are for that."""


@dataclass(frozen=True)
class Crashes:
    """The worker does its work and dies before it can report it: the effect is had, unknown.

    Attributes:
        after: What it does; nothing, if None.
    """

    after: "PlainFunction | WorkerFunction | None" = None


@dataclass(frozen=True)
class Takes:
    """The task takes its time, in virtual time, and then has its outcome."""

    duration: timedelta
    then: "Mock" = field(default_factory=Completes)


@dataclass(frozen=True)
class Responds:
    """The service called by an HTTP or HTTP_POLL task answers so; the engine does the rest.

    Attributes:
        body: JSON, or text.
    """

    body: JsonValue = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class WorkerFunction(Protocol):
    """A worker function as ``@worker`` makes it."""

    @property
    def task_type(self) -> str:
        """The type of the tasks that it does."""
        ...

    def run(self, task: Task) -> Any:
        """Do a task; return its ``TaskResult``, or an awaitable of it."""
        ...


Outcome: TypeAlias = Completes | Fails | InProgress | TimesOut | Crashes | Takes | Responds
# Gives the output, an outcome, or nothing; anything else becomes the output's ``result``.
PlainFunction: TypeAlias = Callable[[dict[str, Any]], Any]
# What an entry of a script may be: outcomes as such, an output, or something that does the task.
Mock: TypeAlias = Outcome | dict[str, Any] | PlainFunction | WorkerFunction


class Script:
    """What comes of a task, attempt by attempt; the last entry stands for all further ones.

    An attempt that is handed out once more gets the entry that it had before, unless that was
    ``InProgress``: so what comes of an attempt depends on nothing but the attempt.
    """

    def __init__(self, entries: Sequence[Mock]) -> None:
        self._entries = list(entries) or [Completes()]

    def entry(self, number: int) -> Mock:
        """Return the entry of the attempt with that number, counted from 0."""
        return self._entries[min(number, len(self._entries) - 1)]


class Mocks:
    """The scripts of a test, by the reference name, name or type of the tasks they are for."""

    def __init__(self) -> None:
        self.scripts: dict[str, Script] = {}

    def add(self, name: str, entries: Sequence[Mock]) -> None:
        """Let a script stand in for a task."""
        self.scripts[name] = Script(entries)

    def key_of(self, task: Task) -> str | None:
        """Return the name by which a task is mocked, the most particular first; or None."""
        names = (
            task.reference_task_name,
            task.workflow_task.task_reference_name,
            task.task_def_name,
            task.task_type,
        )
        return next((name for name in names if name in self.scripts), None)


class Numbers:
    """Which number each attempt has among those of its mock.

    Kept from one run to another, it gives each attempt the same number, whatever comes first.
    """

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, int], int] = {}
        self._next: dict[str, int] = {}

    def number(self, key: str, attempt: str, callbacks: int) -> int:
        """Return the number of an attempt; each callback counts as one."""
        identity = (key, attempt, callbacks)
        if identity not in self._numbers:
            self._numbers[identity] = self._next.get(key, 0)
            self._next[key] = self._numbers[identity] + 1
        return self._numbers[identity]


def outcome_of(mock: Mock, task: Task) -> Outcome | TaskResult:
    """Return what comes of a task that a mock is done with, or the result of a worker function.

    What a function raises fails the task, as it does in a worker, but for a failed assertion:
    that is the test's.
    """
    if isinstance(mock, WorkerFunction):
        return _result(mock, task)
    if callable(mock):
        return _returned(mock, task)
    return Completes(mock) if isinstance(mock, dict) else mock


def reported(outcome: TaskResult | Completes | Fails | InProgress) -> TaskResult:
    """Return an outcome as a worker reports it, of whatever task."""
    fields: dict[str, Any] = {}
    match outcome:
        case TaskResult():
            return outcome
        case Completes(output):
            fields = {"status": TaskResultStatus.COMPLETED, "output_data": output}
        case Fails(reason, terminal, output):
            fields = {
                "status": _FINAL if terminal else TaskResultStatus.FAILED,
                "output_data": output,
                "reason_for_incompletion": reason,
            }
        case InProgress(after, output):
            fields = {
                "status": TaskResultStatus.IN_PROGRESS,
                "output_data": output,
                "callback_after_seconds": round(after.total_seconds()),
            }
    return TaskResult.model_construct(**fields)


_FINAL = TaskResultStatus.FAILED_WITH_TERMINAL_ERROR


def _returned(function: PlainFunction, task: Task) -> Outcome:
    try:
        returned = function(dict(task.input_data))
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, a worker reports it)
        return Fails(f"{type(error).__name__}: {error}")
    if isinstance(returned, get_args(Outcome)):
        outcome: Outcome = returned
        return outcome
    if returned is None or isinstance(returned, dict):
        return Completes(returned or {})
    return Completes({"result": returned})


def _result(worker: WorkerFunction, task: Task) -> TaskResult:
    """Return what a worker function reports; an asynchronous one is waited for."""
    import asyncio
    import inspect

    result = worker.run(task)
    if inspect.isawaitable(result):

        async def wait() -> Any:
            return await result

        result = asyncio.run(wait())
    return TaskResult.model_validate(result)
