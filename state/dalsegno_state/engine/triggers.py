"""Workflows that events and schedules start, each once, however often it is delivered."""

from dataclasses import dataclass

from dalsegno.models import EpochMillis, StartWorkflowRequest
from dalsegno_state import ids
from dalsegno_state.engine.starting import Origin, Starter
from dalsegno_state.events import Look, encode_evaluation
from dalsegno_state.ports import Message, Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An occasion to start a workflow.

    Attributes:
        identity: Tells it from every other occasion, and is the same in all its deliveries: the
            id of an event, or a schedule with the time that it was set for.
        at: When it happened, or was to happen; not when it arrived.
    """

    identity: str
    at: EpochMillis
    request: StartWorkflowRequest


class Triggers:
    """Starts workflows for whoever cannot wait for them, and may ask more than once."""

    def __init__(self, ports: Ports, starter: Starter) -> None:
        self._ports = ports
        self._starter = starter

    def start(self, trigger: Trigger) -> str:
        """Start the trigger's workflow unless it was started before; return its id.

        It is stored when this returns, and the evaluator is told to set it going. A repeated
        trigger tells it again, since the first one may have died in between.

        Raises:
            NotFoundError: No such definition, or one it refers to is missing.
            InvalidRequestError: The definition in the request breaks a rule.
            PayloadTooLargeError: The input is beyond Conductor's limit.
        """
        workflow_id = ids.triggered_workflow_id(trigger.identity, trigger.at)
        origin = Origin(workflow_id=workflow_id, event=trigger.identity)
        self._starter.create(trigger.request, origin)
        body = encode_evaluation(workflow_id, Look())
        self._ports.queues.send([Message(queue=ids.EVALUATOR_QUEUE, body=body)])
        return workflow_id
