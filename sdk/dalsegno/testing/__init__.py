"""Tests of workflows: the real engine in memory, mocked tasks, and time that passes at once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dalsegno.testing.attempts import TaskAttempt, Timer
    from dalsegno.testing.disturbances import Disturbance, DisturbanceKind
    from dalsegno.testing.durability import DurabilityReport, check_durability
    from dalsegno.testing.errors import EndlessRunError, UnknownMockError, UnmockedTaskError
    from dalsegno.testing.histories import Replay, replay
    from dalsegno.testing.mocks import (
        Completes,
        Crashes,
        Fails,
        InProgress,
        Responds,
        Takes,
        TimesOut,
    )
    from dalsegno.testing.run import Run
    from dalsegno.testing.workflow_test import WorkflowTest

# The plugin is loaded into every project that has this package: names are imported when used.
_HOMES: Final = {
    "Completes": "mocks",
    "Crashes": "mocks",
    "Disturbance": "disturbances",
    "DisturbanceKind": "disturbances",
    "DurabilityReport": "durability",
    "EndlessRunError": "errors",
    "Fails": "mocks",
    "InProgress": "mocks",
    "Replay": "histories",
    "Responds": "mocks",
    "Run": "run",
    "Takes": "mocks",
    "TaskAttempt": "attempts",
    "Timer": "attempts",
    "TimesOut": "mocks",
    "UnknownMockError": "errors",
    "UnmockedTaskError": "errors",
    "WorkflowTest": "workflow_test",
    "check_durability": "durability",
    "replay": "histories",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{__name__} runs the engine, which needs {error.name}: pip install 'dalsegno[testing]'"
        ) from error
    globals()[name] = found
    return found


__all__ = [
    "Completes",
    "Crashes",
    "Disturbance",
    "DisturbanceKind",
    "DurabilityReport",
    "EndlessRunError",
    "Fails",
    "InProgress",
    "Replay",
    "Responds",
    "Run",
    "Takes",
    "TaskAttempt",
    "Timer",
    "TimesOut",
    "UnknownMockError",
    "UnmockedTaskError",
    "WorkflowTest",
    "check_durability",
    "replay",
]
