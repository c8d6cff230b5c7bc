"""HTTP_POLL: call a web service again and again, until its answer meets a condition."""

from collections.abc import Iterator
from typing import ClassVar, Final

from dalsegno.models import JsonObject, JsonValue, WorkflowTask
from dalsegno_state.tasks.system_task import SystemTask
from dalsegno_state.whole_numbers import whole_number

DEFAULT_INTERVAL_SECONDS: Final = 60
_LONGEST_INTERVAL_SECONDS: Final = 86_400
_STRATEGIES: Final = ("FIXED", "LINEAR_BACKOFF", "EXPONENTIAL_BACKOFF")


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered; expressions are not looked into."""
    suffix = f"for taskType: HTTP_POLL taskName: {task.name}"
    template = task.task_definition.input_template if task.task_definition else {}
    settings = settings_of({**template, **task.input_parameters})
    if settings is None:
        return  # comes from an expression
    for field in ("uri", "method", "terminationCondition"):
        if not settings.get(field):
            yield f"inputParameters.http_request.{field} field is required {suffix}"
    strategy, interval = settings.get("pollingStrategy"), settings.get("pollingInterval")
    if strategy is not None and not _is_expression(strategy) and strategy not in _STRATEGIES:
        yield f"pollingStrategy: {strategy} should be one of {', '.join(_STRATEGIES)} {suffix}"
    if interval is not None and not _is_expression(interval) and seconds(interval) is None:
        yield f"pollingInterval: {interval} should be a number of seconds from 1 {suffix}"


def script(task: WorkflowTask) -> str | None:
    """Return the condition, to be checked at registration."""
    condition = (settings_of(task.input_parameters) or {}).get("terminationCondition")
    return condition if isinstance(condition, str) and "${" not in condition else None


class HttpPoll(SystemTask):
    """Waits in the queue of HTTP tasks, once for each call; SCHEDULED from one to the next."""

    type: ClassVar[str] = "HTTP_POLL"


def settings_of(inputs: JsonObject) -> JsonObject | None:
    """Return what a task is to call, and how long; None if an expression is yet to tell."""
    given = inputs.get("http_request", inputs)
    return given if isinstance(given, dict) else None


def seconds(interval: JsonValue) -> int | None:
    """Return an interval, or None if it is none."""
    number = whole_number(interval)
    return min(number, _LONGEST_INTERVAL_SECONDS) if number else None


def next_delay_seconds(settings: JsonObject, poll_count: int) -> int:
    """Return how long to wait after so many calls: a day at most."""
    interval = seconds(settings.get("pollingInterval")) or DEFAULT_INTERVAL_SECONDS
    match settings.get("pollingStrategy"):
        case "LINEAR_BACKOFF":
            delay = interval * poll_count
        case "EXPONENTIAL_BACKOFF":
            delay = interval << min(poll_count - 1, 32)
        case _:
            delay = interval
    return min(delay, _LONGEST_INTERVAL_SECONDS)


def _is_expression(value: JsonValue) -> bool:
    return isinstance(value, str) and "${" in value
