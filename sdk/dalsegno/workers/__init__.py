"""Workers: functions that do tasks, wherever they run."""

from dalsegno.workers.context import TaskContext
from dalsegno.workers.function import WorkerFunction, worker
from dalsegno.workers.metrics import Metrics, PrometheusMetrics
from dalsegno.workers.outcomes import Fail, Retry, SignatureError, TaskCancelled
from dalsegno.workers.polling import Polling
from dalsegno.workers.process import Worker
from dalsegno.workers.signature import Input

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
