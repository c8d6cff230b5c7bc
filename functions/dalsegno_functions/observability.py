"""Logs, metrics and traces of Lambda functions; elsewhere all of this does nothing."""

import logging
import os
import warnings
from collections.abc import Callable
from enum import StrEnum
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

E = TypeVar("E")
R = TypeVar("R")

_TRACING: Final = "DALSEGNO_TRACING"


class Measure(StrEnum):
    """What is measured, by its name in CloudWatch."""

    WORKFLOWS_STARTED = "WorkflowsStarted"
    WORKFLOWS_COMPLETED = "WorkflowsCompleted"
    WORKFLOWS_FAILED = "WorkflowsFailed"
    TASK_MILLIS = "TaskLatency"
    SWEEPER_LATENESS_MILLIS = "SweeperLateness"
    WORKFLOWS_DUE = "WorkflowsDue"
    MESSAGES_FAILED = "MessagesFailed"
    REMOVALS_FAILED = "RemovalsFailed"
    CHAINS_STOPPED = "ChainsStopped"


FAULTS_OF: Final = "all"
"""Service under which ``Faults`` counts what failed in any function: one alarm watches it."""

MANY_FAULTS: Final = 5
"""Faults within five minutes that raise the alarm; one message that cannot be done makes fewer."""

_FAULTS: Final = frozenset({Measure.MESSAGES_FAILED, Measure.REMOVALS_FAILED})


def is_lambda() -> bool:
    """Return whether this process is a Lambda function."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


def instrument(handler: Callable[[E, Any], R]) -> Callable[[E, Any], R]:
    """Return the handler with logs, metrics and traces around it, if Lambda runs it.

    Decided, and imported, while the function starts: that time Lambda gives a whole CPU for.
    """
    return _instrumented(handler) if is_lambda() else handler


def correlate(**keys: str) -> None:
    """Add keys, such as the workflow's id, to every further log line of this invocation."""
    if is_lambda():
        logger().append_keys(**keys)


def count(measure: Measure, value: float = 1) -> None:
    """Add to a measure; those in milliseconds are collected as values, the others summed up."""
    if is_lambda():
        from aws_lambda_powertools.metrics import MetricUnit

        is_time = measure in {Measure.TASK_MILLIS, Measure.SWEEPER_LATENESS_MILLIS}
        unit = MetricUnit.Milliseconds if is_time else MetricUnit.Count
        metrics().add_metric(name=measure, unit=unit, value=value)
        if measure in _FAULTS:
            _add_to_faults(value)
        elif measure is Measure.CHAINS_STOPPED:
            _add_to_faults(value * MANY_FAULTS)  # never of a healthy workflow: one is enough


def _add_to_faults(value: float) -> None:
    from aws_lambda_powertools.metrics import MetricUnit, single_metric

    service = {"service": FAULTS_OF}
    with single_metric("Faults", MetricUnit.Count, value, default_dimensions=service):
        """Written when the context ends."""


@cache
def logger() -> "Logger":
    """Return the function's logger; its format and keys are those of the engine's logs too."""
    from aws_lambda_powertools import Logger

    made = Logger()
    for handler in logging.getLogger().handlers:
        handler.setFormatter(made.registered_formatter)
    logging.getLogger().setLevel(made.log_level)
    quiet_http_clients()
    return made


def quiet_http_clients() -> None:
    """Keep HTTP clients from logging each call: URL or header may hold a secret."""
    for client in ("httpx", "httpcore"):
        logging.getLogger(client).setLevel(logging.WARNING)


@cache
def metrics() -> "Metrics":
    """Return the function's metrics, written to its log when an invocation ends."""
    from aws_lambda_powertools import Metrics

    warnings.filterwarnings("ignore", "No application metrics to publish")  # not every time
    return Metrics()


def _instrumented(handler: Callable[[E, Any], R]) -> Callable[[E, Any], R]:
    @wraps(handler)
    def entry(event: E, context: Any) -> R:
        return handler(event, context)

    decorated: Callable[[E, Any], R] = metrics().log_metrics(entry)
    if os.environ.get(_TRACING) == "true":
        from aws_lambda_powertools import Tracer

        decorated = Tracer().capture_lambda_handler(decorated, capture_response=False)
    return logger().inject_lambda_context(decorated, clear_state=True)
