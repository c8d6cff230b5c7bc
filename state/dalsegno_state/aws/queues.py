"""Queues in SQS, created when first used."""

import math
from collections.abc import Iterable, Iterator, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from dalsegno.models import EpochMillis, Seconds
from dalsegno_state.aws.bodies import Timer, decode_body, encode_body
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, rounds, translated
from dalsegno_state.aws.queue_directory import QueueDirectory
from dalsegno_state.aws.timers import Timers
from dalsegno_state.hops import HOPS_ATTRIBUTE, next_hops
from dalsegno_state.ports import STAYS, Caller, Clock, Message, QueueSize, Received

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef, SendMessageBatchRequestEntryTypeDef

_BATCH: Final = 10
_BATCH_BYTES: Final = 256 * 1024
_LONGEST_POLL_SECONDS: Final = 20
_LONGEST_DELAY_MS: Final = 900_000
# SQS hides a message for 12 h at most, counted from when it was received.
_LONGEST_VISIBILITY_SECONDS: Final = 43_200
_LONGEST_POSTPONEMENT_SECONDS: Final = 42_600
_STALE_RECEIPT: Final = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)


class SqsQueues:
    """See ``Queues``.

    SQS knows no priorities: they are ignored, as is the order of sending. Delays and waits are
    rounded up to the second.
    """

    def __init__(
        self, clients: Clients, directory: QueueDirectory, timers: Timers, clock: Clock
    ) -> None:
        self._clients = clients
        self._directory = directory
        self._timers = timers
        self._clock = clock

    def send(self, messages: Sequence[Message]) -> None:
        """See ``Queues.send``; what is due in more than 15 minutes goes to a schedule first."""
        now = self._clock.now()
        by_queue: dict[str, list[SendMessageBatchRequestEntryTypeDef]] = {}
        for message in messages:
            delay_ms = max(0, (message.deliver_at or 0) - now)
            if delay_ms > _LONGEST_DELAY_MS:
                self._timers.schedule(message, now + delay_ms, now)
            else:
                by_queue.setdefault(message.queue, []).append(_entry(message, delay_ms))
        for queue, entries in by_queue.items():
            for batch in _batches(entries):
                self._send_batch(queue, batch)

    def receive(
        self,
        queue: str,
        *,
        count: int,
        wait_seconds: float,
        visibility_seconds: Seconds,
        caller: Caller = STAYS,
    ) -> list[Received]:
        """See ``Queues.receive``.

        A timer that a schedule sent is sent on, not returned. A wait that has begun is SQS's
        own: gateways tell no function that its caller has left.
        """
        deadline = monotonic() + wait_seconds
        while True:
            left_seconds = max(0.0, deadline - monotonic())
            wait = min(math.ceil(left_seconds), _LONGEST_POLL_SECONDS)
            messages = self._receive_many(queue, count, wait, visibility_seconds)
            received = [message for message in messages if not self._relayed(queue, message)]
            if received or monotonic() >= deadline or caller.has_left:
                return [_received(message) for message in received]

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """See ``Queues.delete``."""
        for start in range(0, len(receipts), _BATCH):
            batch = receipts[start : start + _BATCH]
            url = self._directory.url(queue)
            with translated(f"deleting messages of {queue}"):
                # What fails is delivered again, and found to be done.
                self._clients.sqs.delete_message_batch(
                    QueueUrl=url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": receipt}
                        for number, receipt in enumerate(batch)
                    ],
                )

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """See ``Queues.postpone``; by 11:50 h at most, then it is delivered early."""
        seconds = min(max(0, math.ceil(delay_seconds)), _LONGEST_POSTPONEMENT_SECONDS)
        with translated(f"postponing a message of {queue}"):
            try:
                self._clients.sqs.change_message_visibility(
                    QueueUrl=self._directory.url(queue),
                    ReceiptHandle=receipt,
                    VisibilityTimeout=seconds,
                )
            except ClientError as error:
                if code_of(error).rpartition("#")[2] not in _STALE_RECEIPT:
                    raise

    def sizes(self, names: Iterable[str] | None = None) -> dict[str, QueueSize]:
        """See ``Queues.sizes``; SQS counts approximately, and lists a new queue after a minute."""
        wanted = self._directory.names() if names is None else names
        return {name: self._size(name) for name in wanted}

    def relay(self, body: str) -> str | None:
        """Return what the sender of a raw SQS message sent; None if it was a timer, sent on now.

        For consumers that SQS hands its messages to itself, past ``receive``.
        """
        decoded = decode_body(body)
        if isinstance(decoded, Timer):
            self.send([decoded.message])
            return None
        return decoded

    def _send_batch(self, queue: str, batch: "list[SendMessageBatchRequestEntryTypeDef]") -> None:
        pending = batch
        for _ in rounds(f"sending to {queue}"):
            with translated(f"sending to {queue}"):
                try:
                    reply = self._clients.sqs.send_message_batch(
                        QueueUrl=self._directory.url(queue), Entries=pending
                    )
                except ClientError as error:
                    self._directory.forget_absent(queue, error)
                    continue
            failed = {entry["Id"] for entry in reply.get("Failed", ())}
            pending = [entry for entry in pending if entry["Id"] in failed]
            if not pending:
                return

    def _receive_many(
        self, queue: str, count: int, wait_seconds: int, visibility_seconds: Seconds
    ) -> "list[MessageTypeDef]":
        """Receive batch after batch, as long as they are full and more are wanted."""
        messages: list[MessageTypeDef] = []
        while len(messages) < count:
            asked = min(count - len(messages), _BATCH)
            wait = 0 if messages else wait_seconds
            batch = self._receive_batch(queue, asked, wait, visibility_seconds)
            messages += batch
            if len(batch) < _BATCH:
                break
        return messages

    def _receive_batch(
        self, queue: str, count: int, wait_seconds: int, visibility_seconds: Seconds
    ) -> "list[MessageTypeDef]":
        for _ in rounds(f"receiving from {queue}"):
            with translated(f"receiving from {queue}"):
                try:
                    reply = self._clients.sqs.receive_message(
                        QueueUrl=self._directory.url(queue),
                        MaxNumberOfMessages=count,
                        WaitTimeSeconds=wait_seconds,
                        VisibilityTimeout=min(visibility_seconds, _LONGEST_VISIBILITY_SECONDS),
                        MessageSystemAttributeNames=["ApproximateReceiveCount"],
                    )
                except ClientError as error:
                    self._directory.forget_absent(queue, error)
                    continue
            return reply.get("Messages", [])
        return []

    def _relayed(self, queue: str, message: "MessageTypeDef") -> bool:
        if self.relay(message["Body"]) is not None:
            return False
        self.delete(queue, [message["ReceiptHandle"]])
        return True

    def _size(self, name: str) -> QueueSize:
        url = self._directory.known_url(name)
        if url is None:
            return QueueSize(0, 0)
        with translated(f"counting messages of {name}"):
            counts = self._clients.sqs.get_queue_attributes(
                QueueUrl=url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        return QueueSize(
            int(counts["ApproximateNumberOfMessages"])
            + int(counts["ApproximateNumberOfMessagesDelayed"]),
            int(counts["ApproximateNumberOfMessagesNotVisible"]),
        )


def _entry(message: Message, delay_ms: EpochMillis) -> "SendMessageBatchRequestEntryTypeDef":
    entry: SendMessageBatchRequestEntryTypeDef = {
        "Id": "",
        "MessageBody": encode_body(message.body),
        "DelaySeconds": math.ceil(delay_ms / 1000),
    }
    # A chain that waits a second or more at each hop is bounded by its waits.
    hops = next_hops() if delay_ms == 0 else 0
    if hops:
        entry["MessageAttributes"] = {
            HOPS_ATTRIBUTE: {"DataType": "Number", "StringValue": str(hops)}
        }
    return entry


def _batches(
    entries: "list[SendMessageBatchRequestEntryTypeDef]",
) -> "Iterator[list[SendMessageBatchRequestEntryTypeDef]]":
    """Yield batches of up to ten messages and 256 KB."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    batch_bytes = 0
    for entry in entries:
        size_bytes = len(entry["MessageBody"].encode())
        if batch and (len(batch) == _BATCH or batch_bytes + size_bytes > _BATCH_BYTES):
            yield batch
            batch, batch_bytes = [], 0
        batch.append({**entry, "Id": str(len(batch))})
        batch_bytes += size_bytes
    if batch:
        yield batch


def _received(message: "MessageTypeDef") -> Received:
    body = decode_body(message["Body"])
    assert isinstance(body, str), "timers were sent on"  # noqa: S101  (narrows the type)
    return Received(
        body=body,
        receipt=message["ReceiptHandle"],
        delivery_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
    )
