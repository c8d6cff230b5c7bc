"""The evaluator as a Lambda function: continuations, timers, wakes, workers' results, events."""

import os
from functools import partial
from typing import Any, Final

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from pydantic import JsonValue

from dalsegno.json_text import read_json
from dalsegno_functions.batch import Consumer, SqsEvent, consume
from dalsegno_functions.function_results import read_result
from dalsegno_functions.observability import correlate, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state.engine import EVALUATOR_QUEUE, EVENTS_QUEUE
from dalsegno_state.events import Evaluation, decode_message
from dalsegno_state.incoming_event import IncomingEvent, payload_of

RESULTS_QUEUE: Final = "_results"


def evaluate(body: str) -> None:
    """Take in one event of a workflow, or one time of a schedule."""
    message = decode_message(body)
    if isinstance(message, Evaluation):
        correlate(workflow_id=message.workflow_id)
    aws_engine().engine.evaluate(body)


def report(body: str) -> None:
    """Take in what a worker that takes its tasks from a queue reports, or what Lambda tells."""
    result = read_result(body)
    correlate(workflow_id=result.workflow_instance_id)
    aws_engine().engine.tasks.update(result)


def take_event(body: str) -> None:
    """Take in an event; one that no handler is there for goes to the dead letters in the end."""
    aws_engine().engine.take_event(body)


def take_message(queue: str, message_id: str, body: str) -> None:
    """Take in a message of somebody else's queue, as an event of its name."""
    event = IncomingEvent(event=f"sqs:{queue}", id=message_id, payload=payload_of(_read(body)))
    aws_engine().engine.event_intake.take(event)


def _read(body: str) -> JsonValue:
    try:
        return read_json(body)
    except (ValueError, RecursionError):
        return body


def _consumer(record: SQSRecord) -> Consumer:
    queue_arn = record.event_source_arn
    if queue_arn == os.environ.get("DALSEGNO_RESULTS_QUEUE_ARN"):
        return Consumer(RESULTS_QUEUE, report)
    if queue_arn == os.environ.get("DALSEGNO_EVENTS_QUEUE_ARN"):
        return Consumer(EVENTS_QUEUE, take_event)
    if queue_arn == os.environ.get("DALSEGNO_EVALUATOR_QUEUE_ARN", queue_arn):
        return Consumer(EVALUATOR_QUEUE, evaluate, brings_back=True)
    queue = queue_arn.rpartition(":")[2]
    return Consumer(None, partial(take_message, queue, record.message_id))


@instrument
def handler(event: SqsEvent, context: Any) -> PartialItemFailureResponse:
    """Lambda entry point; replies with the ids of the messages that failed."""
    return consume(event, context, aws_engine().ports.queues, _consumer)
