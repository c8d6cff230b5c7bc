"""Dead letters in SQS."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from dalsegno.errors import NotFoundError
from dalsegno.queue_names import name_of, sqs_name
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated
from dalsegno_state.dead_letters import DeadLetter, DeadLetterQueue, Redriven

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

DEAD_LETTER_PREFIX: Final = "dead-letters-"

_BATCH: Final = 10
_LOOKED_AT: Final = 100
# Nobody else sees a message meanwhile; long enough to look at many, and to send one on.
_HIDDEN_SECONDS: Final = 60
_UNSUPPORTED: Final = frozenset(
    {"InvalidAction", "UnknownOperationException", "UnsupportedOperation", "NotImplemented", "501"}
)
_ABSENT: Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


class SqsDeadLetters:
    """See ``DeadLetters``: of all queues whose names begin with a deployment's prefix."""

    def __init__(self, clients: Clients, queue_prefix: str) -> None:
        self._clients = clients
        self._prefix = queue_prefix

    def queues(self) -> list[DeadLetterQueue]:
        """See ``DeadLetters.queues``."""
        start = DEAD_LETTER_PREFIX + self._prefix
        with translated("listing the dead letters"):
            pages = self._clients.sqs.get_paginator("list_queues").paginate(
                QueueNamePrefix=start, PaginationConfig={"PageSize": 1000}
            )
            names = [url.rpartition("/")[2] for page in pages for url in page.get("QueueUrls", ())]
        sources = [name_of(self._prefix, name.removeprefix(DEAD_LETTER_PREFIX)) for name in names]
        return [self._described(source) for source in sorted(filter(None, sources))]

    def letters(self, source: str, count: int) -> list[DeadLetter]:
        """See ``DeadLetters.letters``."""
        url = self._url(source)
        messages: list[MessageTypeDef] = []
        try:
            for batch in self._batches(url, count):
                messages += batch
        finally:
            self._show_again(url, messages)
        return sorted(map(_letter, messages), key=lambda letter: letter.sent_at)

    def redrive(self, source: str) -> Redriven:
        """See ``DeadLetters.redrive``.

        SQS does so by itself where it can. Elsewhere each is sent before it is deleted: a crash
        between the two sends it twice, which is harmless, and loses none.
        """
        url = self._url(source)
        with translated(f"sending the dead letters of {source} back"):
            arn = self._clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            try:
                self._clients.sqs.start_message_move_task(SourceArn=arn["Attributes"]["QueueArn"])
            except ClientError as error:
                if code_of(error) not in _UNSUPPORTED:
                    raise
                return Redriven(self._send_back(url, source))
        return Redriven(None)

    def _send_back(self, url: str, source: str) -> int:
        target = self._clients.sqs.get_queue_url(QueueName=sqs_name(self._prefix, source))
        count = 0
        for batch in self._batches(url, None):
            reply = self._clients.sqs.send_message_batch(
                QueueUrl=target["QueueUrl"],
                Entries=[
                    {"Id": str(number), "MessageBody": message["Body"]}
                    for number, message in enumerate(batch)
                ],
            )
            sent = {int(entry["Id"]) for entry in reply.get("Successful", ())}
            if not sent:
                break
            self._clients.sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": batch[number]["ReceiptHandle"]}
                    for number in sorted(sent)
                ],
            )
            count += len(sent)
        return count

    def _described(self, source: str) -> DeadLetterQueue:
        with translated(f"counting the dead letters of {source}"):
            counts = self._clients.sqs.get_queue_attributes(
                QueueUrl=self._url(source),
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        letters = self.letters(source, _LOOKED_AT)
        return DeadLetterQueue(
            source=source,
            depth=sum(map(int, counts.values())),
            oldest_sent_at=letters[0].sent_at if letters else None,
        )

    def _url(self, source: str) -> str:
        name = DEAD_LETTER_PREFIX + sqs_name(self._prefix, source)
        with translated(f"finding the dead letters of {source}"):
            try:
                return self._clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    raise NotFoundError(f"there is no queue {name}") from error
                raise

    def _batches(self, url: str, count: int | None) -> "Iterator[list[MessageTypeDef]]":
        """Yield messages, hidden from others, until there are none or ``count`` are reached."""
        left = count
        while left is None or left > 0:
            with translated("receiving dead letters"):
                reply = self._clients.sqs.receive_message(
                    QueueUrl=url,
                    MaxNumberOfMessages=_BATCH if left is None else min(left, _BATCH),
                    VisibilityTimeout=_HIDDEN_SECONDS,
                    WaitTimeSeconds=1,  # asks all of SQS's servers, not some
                    MessageSystemAttributeNames=["SentTimestamp"],
                )
            batch = reply.get("Messages", [])
            if not batch:
                return
            yield batch
            left = None if left is None else left - len(batch)

    def _show_again(self, url: str, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), _BATCH):
            with translated("putting dead letters back"):
                self._clients.sqs.change_message_visibility_batch(
                    QueueUrl=url,
                    Entries=[
                        {
                            "Id": str(number),
                            "ReceiptHandle": message["ReceiptHandle"],
                            "VisibilityTimeout": 0,
                        }
                        for number, message in enumerate(messages[start : start + _BATCH])
                    ],
                )


def _letter(message: "MessageTypeDef") -> DeadLetter:
    return DeadLetter(
        message_id=message["MessageId"],
        sent_at=int(message["Attributes"]["SentTimestamp"]),
        body=message["Body"],
    )
