"""A batch of queue messages: each is worked on by itself, and only those that fail come again."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from dalsegno_functions.observability import Measure, count
from dalsegno_state.hops import HOPS_ATTRIBUTE, MAX_HOPS, working_on
from dalsegno_state.versions import NewerVersionError

logger = logging.getLogger(__name__)

SqsEvent: TypeAlias = dict[str, Any]
"""What an event source mapping of a queue invokes a function with."""

_LONGEST_POSTPONE_SECONDS: Final = 60.0
# A queue delivers 20 times. Nine of these are over after 17 minutes, as the replacement of
# functions is; all of them last nine hours, for a release that was rolled back.
_LONGEST_POSTPONE_TO_NEWER_SECONDS: Final = 3_600.0


class Source(Protocol):
    """The queues that SQS hands messages of to this function."""

    def relay(self, body: str) -> str | None:
        """Return what was sent; None if it was a timer, which now is on its way."""
        ...

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """See ``Queues.postpone``."""
        ...


@dataclass(frozen=True, slots=True)
class Consumer:
    """Work on the messages of one queue.

    Attributes:
        queue: By the name the engine knows it under; None for a queue of somebody else, whose
            messages are taken as they are, and come again when that queue says.
        brings_back: The wake brings back what its messages ask for, so that they may be dropped.
    """

    queue: str | None
    work: Callable[[str], None]
    brings_back: bool = False


def consume(
    event: SqsEvent, context: Any, source: Source, consumer_of: Callable[[SQSRecord], Consumer]
) -> PartialItemFailureResponse:
    """Work on every message of a batch; return the ids of those that failed.

    One that fails comes again, later and later, and after as many times as its queue allows goes
    to the dead letters. Nothing depends on it then: the wake of its workflow mends what is missing.
    One that only a newer version can read is given that version's time.

    A message that ends a chain of too many which changed nothing is dropped; see ``hops``.
    """

    def work(record: SQSRecord) -> None:
        consumer, hops = consumer_of(record), _hops(record)
        if hops > MAX_HOPS and consumer.brings_back:
            logger.error(
                "message %s of queue %s is dropped: the %d before it have changed nothing",
                record.message_id,
                consumer.queue,
                hops,
            )
            count(Measure.CHAINS_STOPPED)
            return
        try:
            with working_on(hops):
                body = record.body if consumer.queue is None else source.relay(record.body)
                if body is not None:
                    consumer.work(body)
        except Exception as error:
            queue = consumer.queue or record.event_source_arn
            # By its id: a body may hold business data, which logs must not.
            logger.exception("message %s of queue %s failed", record.message_id, queue)
            count(Measure.MESSAGES_FAILED)
            if consumer.queue is not None:
                delay_seconds = _delay_seconds(record, error)
                source.postpone(consumer.queue, record.receipt_handle, delay_seconds)
            raise

    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return process_partial_response(
        event=event, record_handler=work, processor=processor, context=context
    )


def _hops(record: SQSRecord) -> int:
    attribute = record.raw_event.get("messageAttributes", {}).get(HOPS_ATTRIBUTE, {})
    text = attribute.get("stringValue") or ""
    return int(text) if text.isascii() and text.isdecimal() else 0


def _delay_seconds(record: SQSRecord, error: Exception) -> float:
    is_newer = isinstance(error, NewerVersionError)
    longest = _LONGEST_POSTPONE_TO_NEWER_SECONDS if is_newer else _LONGEST_POSTPONE_SECONDS
    delivery_count = int(record.attributes.approximate_receive_count or 1)
    return min(2.0 ** min(delivery_count, 12), longest)
