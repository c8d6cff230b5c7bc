"""Dalsegno: durable workflow execution that speaks Conductor's REST API."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dalsegno.client import (
        AsyncDalsegno,
        AsyncExecution,
        Dalsegno,
        Execution,
        KeyAuth,
        StillRunningError,
        TokenAuth,
        WorkflowFailedError,
    )
    from dalsegno.client.signing import IamAuth
    from dalsegno.definitions import load
    from dalsegno.workers import Fail, Input, Retry, TaskContext, Worker, worker

__version__: Final = "0.1.0"

# Imported when first asked for: who writes a worker need not wait for a client, and so on.
_HOMES: Final = {
    "AsyncDalsegno": "dalsegno.client",
    "AsyncExecution": "dalsegno.client",
    "Dalsegno": "dalsegno.client",
    "Execution": "dalsegno.client",
    "Fail": "dalsegno.workers",
    "IamAuth": "dalsegno.client.signing",
    "Input": "dalsegno.workers",
    "KeyAuth": "dalsegno.client",
    "Retry": "dalsegno.workers",
    "StillRunningError": "dalsegno.client",
    "TaskContext": "dalsegno.workers",
    "TokenAuth": "dalsegno.client",
    "Worker": "dalsegno.workers",
    "WorkflowFailedError": "dalsegno.client",
    "load": "dalsegno.definitions",
    "worker": "dalsegno.workers",
}

__all__ = [
    "AsyncDalsegno",
    "AsyncExecution",
    "Dalsegno",
    "Execution",
    "Fail",
    "IamAuth",
    "Input",
    "KeyAuth",
    "Retry",
    "StillRunningError",
    "TaskContext",
    "TokenAuth",
    "Worker",
    "WorkflowFailedError",
    "__version__",
    "load",
    "worker",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
