"""Steps that wait: for a time, a person, a message, a request."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dalsegno.definitions.errors import refuse
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.step import Step, step_of

_UNITS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))


def wait(
    duration: float | timedelta | str | Expression | None = None,
    /,
    ref: str = "wait",
    *,
    until: datetime | str | Expression | None = None,
) -> Step:
    """Return a wait for a time, until a time, or, without both, until somebody updates it.

    Args:
        duration: Seconds, or a text such as ``2 days 3 hours``.
        ref: Reference name.
        until: An aware ``datetime`` to the minute, or a text: ``2030-01-01 09:00 Europe/Paris``.

    Raises:
        InvalidDefinitionError: Both are given, or the time is none the engine can keep.
    """
    inputs: dict[str, Value] = {}
    if duration is not None and until is not None:
        raise refuse(f"step {ref}", "both a duration and until: give one of them")
    if duration is not None:
        inputs["duration"] = _duration(duration, ref)
    if until is not None:
        inputs["until"] = _until(until, ref) if isinstance(until, datetime) else until
    return step_of("WAIT", ref, inputs)


def human(ref: str = "human", **inputs: Value) -> Step:
    """Return a wait for a person, who sees ``inputs`` and ends it by an update."""
    return step_of("HUMAN", ref, inputs)


def wait_for_webhook(
    matches: Mapping[str, Value] | Expression,
    /,
    ref: str = "webhook",
    *,
    webhook_id: str | Expression | None = None,
) -> Step:
    """Return a wait for a request whose JSON body has these values at these JSON paths.

    Args:
        matches: Values by path: ``{"$.order.id": input.order.id}``.
        ref: Reference name.
        webhook_id: Last part of the request's path; the workflow's name by default.
    """
    given: dict[str, Value] = {} if webhook_id is None else {"webhookId": webhook_id}
    return step_of("WAIT_FOR_WEBHOOK", ref, {**given, "matches": matches})


def pull_messages(
    most: int | Expression = 1, /, ref: str = "messages", *, wait_for_first: bool = True
) -> Step:
    """Return a taking of messages from the workflow's own queue, at most so many."""
    inputs: dict[str, Any] = {"batchSize": most}
    return step_of(
        "PULL_WORKFLOW_MESSAGES", ref, inputs if wait_for_first else {**inputs, "blocking": False}
    )


def _duration(duration: float | timedelta | str | Expression, ref: str) -> Value:
    if isinstance(duration, str | Expression):
        return duration
    if isinstance(duration, bool) or not isinstance(duration, int | float | timedelta):
        raise TypeError(f"step {ref}: the duration is {duration!r}: give seconds, or a text")
    length = duration if isinstance(duration, timedelta) else timedelta(seconds=duration)
    seconds, rest = divmod(length, timedelta(seconds=1))
    if seconds < 0 or rest:
        raise refuse(f"step {ref}", f"the duration is {length}: give whole seconds, 0 or more")
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {unit}"] if count else []
    return " ".join(parts) or "0 seconds"


def _until(until: datetime, ref: str) -> str:
    if until.tzinfo is None:
        raise refuse(f"step {ref}", f"until={until!r} has no time zone: give it a tzinfo")
    if until.second or until.microsecond:
        raise refuse(f"step {ref}", f"until={until} is not a whole minute: round it")
    return until.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
