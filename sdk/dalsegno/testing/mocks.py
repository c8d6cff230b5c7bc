"""What stands in for workers and services: outcomes, and functions that come to some."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, TypeAlias, get_args, runtime_checkable

from dalsegno.models import JsonValue, Task, TaskResult, TaskResultStatus

_FINAL: Final = TaskResultStatus.FAILED_WITH_TERMINAL_ERROR


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

    def run(self, task: Task) -> TaskResult:
        """Return the result of doing a task, whatever the function has raised."""
        ...


Outcome: TypeAlias = Completes | Fails | InProgress | TimesOut | Crashes | Takes | Responds
# Gives the output, an outcome, or nothing; anything else becomes the output's ``result``.
PlainFunction: TypeAlias = Callable[[dict[str, Any]], Any]
# What an entry of a script may be: outcomes as such, an output, or something that does the task.
Mock: TypeAlias = Outcome | dict[str, Any] | PlainFunction | WorkerFunction


def outcome_of(mock: Mock, task: Task) -> Outcome | TaskResult:
    """Return what comes of a task that a mock is done with, or the result of a worker function.

    What a function raises fails the task, as it does in a worker, but for a failed assertion:
    that is the test's.
    """
    if isinstance(mock, WorkerFunction):
        return mock.run(task)
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
