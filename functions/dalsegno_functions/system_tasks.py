"""System tasks that have effects, such as HTTP calls, as a Lambda function on their queues."""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dalsegno_functions.batch import Consumer, SqsEvent, consume
from dalsegno_functions.observability import correlate, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state import ids
from dalsegno_state.tasks.http import Http


def run(task_id: str) -> None:
    """Do one task, unless somebody else is at it."""
    address = ids.parse_task_id(task_id)
    if address is not None:
        correlate(workflow_id=address.workflow_id)
    aws_engine().engine.run_system_task(task_id)


def _consumer(record: SQSRecord) -> Consumer:
    is_shared = record.event_source_arn == os.environ.get("DALSEGNO_SYSTEM_QUEUE_ARN")
    queue = ids.SYSTEM_QUEUE if is_shared else Http.type
    return Consumer(queue, run, brings_back=True)


@instrument
def handler(event: SqsEvent, context: Any) -> PartialItemFailureResponse:
    """Lambda entry point; replies with the ids of the messages that failed."""
    return consume(event, context, aws_engine().ports.queues, _consumer)
