"""EVENT: publish a message."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from dalsegno.models import WorkflowTask
from dalsegno_state import attempts
from dalsegno_state.draft import Draft, Place
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.system_task import SystemTask
from dalsegno_state.tasks.worker import put_in_queue

INTERNAL: Final = "conductor"
_OUTSIDE: Final = ("sqs", "sns", "eventbridge")
_SPELLINGS: Final = (
    "conductor, conductor:name, sqs:queue, sns:topic, eventbridge:bus or "
    "eventbridge:bus:detail-type"
)
_ARN_PARTS: Final = 6


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered; expressions are not looked into."""
    suffix = f"for taskType: EVENT taskName: {task.name}"
    if not task.sink:
        yield f"sink field is required {suffix}"
    elif "${" not in task.sink:
        try:
            parse_sink(task.sink)
        except ValueError as error:
            yield f"{error} {suffix}"


@dataclass(frozen=True, slots=True)
class Sink:
    """Where events go.

    Attributes:
        service: ``conductor``, ``sqs``, ``sns`` or ``eventbridge``.
        target: Within the service; empty for ``conductor`` alone.
        kind: EventBridge's detail type, if the sink names one.
    """

    service: str
    target: str
    kind: str | None = None


class Event(SystemTask):
    """Is published by a system worker; where to is decided, and stored, when it is scheduled."""

    type: ClassVar[str] = "EVENT"

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        node = place.node.task
        sink = attempts.evaluated(draft, node.sink)
        put_in_queue(draft, place, seed, task_type=self.type, name=node.name, extra={"sink": sink})


def parse_sink(text: str) -> Sink:
    """Return where a sink's text points to.

    Raises:
        ValueError: Nowhere that is known; the message lists what is.
    """
    service, _, target = text.strip().partition(":")
    if service == INTERNAL and (target or ":" not in text):
        return Sink(INTERNAL, target)
    if service not in _OUTSIDE or not target:
        raise ValueError(
            f"Invalid / Unsupported sink specified: {text}. Known sinks are {_SPELLINGS}"
        )
    if service != "eventbridge":
        return Sink(service, target)
    parts = target.split(":")
    names_bus = _ARN_PARTS if parts[0] == "arn" else 1
    kind = ":".join(parts[names_bus:])
    return Sink(service, ":".join(parts[:names_bus]), kind or None)
