"""Triggers as a Lambda function: events and schedules start workflows, each exactly one."""

from typing import Annotated, Any, Final

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dalsegno.json_text import read_json
from dalsegno.models import StartWorkflowRequest
from dalsegno_functions.batch import Consumer, SqsEvent, consume
from dalsegno_functions.observability import correlate, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state.engine.triggers import Trigger
from dalsegno_state.versions import known

TRIGGERS_QUEUE: Final = "_triggers"


class TriggerMessage(BaseModel):
    """What a rule or a schedule sends that was made to start a workflow.

    Attributes:
        identity: The same in all deliveries of one event, or of one time of a schedule.
        at: When that was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    identity: Annotated[str, Field(min_length=1, max_length=1024)]
    at: AwareDatetime
    request: StartWorkflowRequest


class EventBridgeEvent(BaseModel):
    """An event as EventBridge sends it, whose detail is the request to start a workflow."""

    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(min_length=1, max_length=128)]
    source: str
    account: str
    region: str
    time: AwareDatetime
    detail: StartWorkflowRequest

    def message(self) -> TriggerMessage:
        """Return what a rule made for it would have sent."""
        identity = f"{self.account}/{self.region}/{self.source}/{self.id}"
        return TriggerMessage(identity=identity, at=self.time, request=self.detail)


def start(body: str) -> None:
    """Start the workflow that a message asks for; raises if it makes no sense, or none can be.

    Both go to the dead letters in the end: what a message asks for may come to be meanwhile, as
    when a rule is deployed before the definition that it names.
    """
    trigger = trigger_of(body)
    workflow_id = aws_engine().engine.triggers.start(trigger)
    correlate(workflow_id=workflow_id)


def trigger_of(body: str) -> Trigger:
    """Return the trigger that a message is.

    Raises:
        NewerVersionError: It is none that this version knows.
    """
    with known("a message of the queue of triggers"):
        document = read_json(body)
        if isinstance(document, dict) and "detail-type" in document:
            message = EventBridgeEvent.model_validate(document).message()
        else:
            message = TriggerMessage.model_validate(document)
    # Publishers choose the time of their events; an id can hold none before 1970.
    at = max(0, round(message.at.timestamp() * 1000))
    return Trigger(identity=message.identity, at=at, request=message.request)


def _consumer(_record: SQSRecord) -> Consumer:
    return Consumer(TRIGGERS_QUEUE, start)


@instrument
def handler(event: SqsEvent, context: Any) -> PartialItemFailureResponse:
    """Lambda entry point; replies with the ids of the messages that failed."""
    return consume(event, context, aws_engine().ports.queues, _consumer)
