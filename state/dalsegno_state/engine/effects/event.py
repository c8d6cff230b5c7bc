"""EVENT: a message is published, here or outside.

An event for the engine's own event handlers is a message of the queue ``EVENTS_QUEUE``: a JSON
object of ``event`` (``conductor:<workflow>:<name>``), ``id`` (the id of the task) and
``payload`` (what the task shows as its output, but for ``event_produced``). It may come more than
once, with the same id.
"""

from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonObject
from dalsegno_state.draft import size_bytes
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.events import Reported
from dalsegno_state.ids import EVENTS_QUEUE
from dalsegno_state.ports import (
    EventPublisher,
    Message,
    OutgoingEvent,
    Queues,
    ServiceCallError,
)
from dalsegno_state.tasks.event import INTERNAL, Sink, parse_sink

_MOST_BYTES: Final = 250 * 1024  # of 256 KB: something goes around it


class PublishEvent(Effect):
    """Publishes an event under the task's id, by which a repetition can be told."""

    def __init__(self, queues: Queues, publisher: EventPublisher) -> None:
        self._queues = queues
        self._publisher = publisher

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        text = str(work.inputs.get("sink") or "")
        try:
            sink = parse_sink(text)
        except ValueError as error:
            return work.failed(str(error))
        payload = _payload(work)
        if (size := size_bytes(payload)) > _MOST_BYTES:
            return work.failed(
                f"The event is {size} bytes long; at most {_MOST_BYTES} can be published",
                final=True,
            )
        event = _name(work, sink) if sink.service == INTERNAL else text
        try:
            self._publish(work, sink, event, payload)
        except ServiceCallError as error:
            return work.failed(f"Failed to publish to {text}: {error}", final=error.is_final)
        return work.effected({**payload, "event_produced": event})

    def _publish(self, work: Work, sink: Sink, event: str, payload: JsonObject) -> None:
        task_id = work.task.task_id
        if sink.service == INTERNAL:
            told: JsonObject = {"event": event, "id": task_id, "payload": payload}
            if work.workflow.generation:
                told["generation"] = work.workflow.generation
            body = to_json(told).decode()
            self._queues.send([Message(queue=EVENTS_QUEUE, body=body)])
            return
        self._publisher.publish(
            OutgoingEvent(
                id=task_id,
                service=sink.service,
                target=sink.target,
                kind=sink.kind or f"{work.workflow.name}:{work.task.base_ref}",
                group=work.workflow.workflow_id,
                body=payload,
            )
        )


def _name(work: Work, sink: Sink) -> str:
    return f"{INTERNAL}:{work.workflow.name}:{sink.target or work.task.base_ref}"


def _payload(work: Work) -> JsonObject:
    return {
        **work.inputs,
        "workflowInstanceId": work.workflow.workflow_id,
        "workflowType": work.workflow.name,
        "workflowVersion": work.workflow.version,
        "correlationId": work.workflow.correlation_id,
        "taskToDomain": {**work.workflow.task_to_domain},
    }
