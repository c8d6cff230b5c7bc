"""The evaluator as a Lambda function: continuations, timers and wakes, and workers' results."""

import os
from typing import Any, Final

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dalsegno_functions.batch import Consumer, SqsEvent, consume
from dalsegno_functions.function_results import read_result
from dalsegno_functions.observability import correlate, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.events import Evaluation, decode_message

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


def _consumer(record: SQSRecord) -> Consumer:
    if record.event_source_arn == os.environ.get("DALSEGNO_RESULTS_QUEUE_ARN"):
        return Consumer(RESULTS_QUEUE, report)
    return Consumer(EVALUATOR_QUEUE, evaluate)


@instrument
def handler(event: SqsEvent, context: Any) -> PartialItemFailureResponse:
    """Lambda entry point; replies with the ids of the messages that failed."""
    return consume(event, context, aws_engine().ports.queues, _consumer)
