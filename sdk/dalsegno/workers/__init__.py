"""Workers: functions that do tasks, wherever they run."""

from typing import TYPE_CHECKING, Any

from dalsegno.workers.context import TaskContext
from dalsegno.workers.function import WorkerFunction, worker
from dalsegno.workers.metrics import Metrics, PrometheusMetrics
from dalsegno.workers.outcomes import Fail, Retry, SignatureError, TaskCancelled
from dalsegno.workers.polling import Polling
from dalsegno.workers.signature import Input

if TYPE_CHECKING:
    from dalsegno.workers.process import Worker

__all__ = [
    "Fail",
    "Input",
    "Metrics",
    "Polling",
    "PrometheusMetrics",
    "Retry",
    "SignatureError",
    "TaskCancelled",
    "TaskContext",
    "Worker",
    "WorkerFunction",
    "worker",
]


def __getattr__(name: str) -> Any:
    # Who only writes functions, or tests them, need not wait for what runs them.
    if name != "Worker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from dalsegno.workers.process import Worker

    return Worker
