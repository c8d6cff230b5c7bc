"""Metrics as lines of JSON that CloudWatch reads out of a Lambda function's log."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

_NAMESPACE: Final = "Dalsegno/Workers"
_MOST_VALUES: Final = 100  # of one metric in one line


@dataclass(slots=True)
class _OfType:
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    millis: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))


class EmfMetrics:
    """See ``Metrics``; kept until they are written, once for each invocation."""

    def __init__(self) -> None:
        self._types: dict[str, _OfType] = defaultdict(_OfType)

    def polled(self, task_type: str, tasks: int) -> None:
        """See ``Metrics.polled``."""
        self._types[task_type].counts["Polled"] += tasks

    def poll_failed(self, task_type: str) -> None:
        """See ``Metrics.poll_failed``."""
        self._types[task_type].counts["PollErrors"] += 1

    def started(self, task_type: str, waited_seconds: float) -> None:
        """See ``Metrics.started``."""
        self._types[task_type].millis["QueueWait"].append(round(waited_seconds * 1000, 1))

    def ended(self, task_type: str, outcome: str, seconds: float) -> None:
        """See ``Metrics.ended``."""
        self._types[task_type].counts[_NAMES.get(outcome, outcome)] += 1
        self._types[task_type].millis["Duration"].append(round(seconds * 1000, 1))

    def result_lost(self, task_type: str) -> None:
        """See ``Metrics.result_lost``."""
        self._types[task_type].counts["LostResults"] += 1

    def write(self) -> None:
        """Print what has been told since the last time, a line for each task type."""
        types, self._types = self._types, defaultdict(_OfType)
        for task_type, told in types.items():
            print(json.dumps(_line(task_type, told), separators=(",", ":")), flush=True)


_NAMES: Final = {
    "COMPLETED": "Completed",
    "FAILED": "Failed",
    "FAILED_WITH_TERMINAL_ERROR": "FailedForGood",
    "IN_PROGRESS": "Retried",
    "CANCELED": "Cancelled",
}


def _line(task_type: str, told: _OfType) -> dict[str, object]:
    units = dict.fromkeys(told.counts, "Count") | dict.fromkeys(told.millis, "Milliseconds")
    return {
        "_aws": {
            "Timestamp": time.time_ns() // 1_000_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": _NAMESPACE,
                    "Dimensions": [["TaskType"]],
                    "Metrics": [{"Name": name, "Unit": unit} for name, unit in units.items()],
                }
            ],
        },
        "TaskType": task_type,
        **told.counts,
        **{name: values[:_MOST_VALUES] for name, values in told.millis.items()},
    }
