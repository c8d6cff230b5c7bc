"""Events to SQS, SNS and EventBridge, each under the id by which a receiver knows it again."""

import hashlib
import re
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from pydantic_core import to_json

from dalsegno.errors import UnavailableError
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import translated
from dalsegno_state.ports import OutgoingEvent, ServiceCallError

if TYPE_CHECKING:
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef as SnsAttribute
    from mypy_boto3_sqs.type_defs import MessageAttributeValueTypeDef as SqsAttribute

_SOURCE: Final = "dalsegno"
_FIFO: Final = ".fifo"
# Only the plain form, as SQS itself gives it: it must not have two readings.
_QUEUE_URL: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[0-9]{12}/([A-Za-z0-9_.-]{1,80})")
_BUSY: Final = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


class AwsEventPublisher:
    """See ``EventPublisher``.

    The id is the attribute ``taskId`` of messages, the deduplication id in FIFO queues and topics,
    and a field in the detail of EventBridge's events.

    Args:
        sibling_arn: An address in the account and region of topics that are told by their names;
            None if they must be told by their addresses.
        own_prefix: What the names of this deployment's queues begin with: no event may go there.
    """

    def __init__(
        self, clients: Clients, sibling_arn: str | None = None, own_prefix: str | None = None
    ) -> None:
        self._clients = clients
        self._own_prefix = own_prefix
        self._sibling_arn = sibling_arn
        self._queue_urls: dict[str, str] = {}

    def publish(self, event: OutgoingEvent) -> None:
        """See ``EventPublisher.publish``."""
        try:
            with translated(f"publishing to {event.service}:{event.target}"):
                match event.service:
                    case "sqs":
                        self._to_queue(event)
                    case "sns":
                        self._to_topic(event)
                    case _:
                        self._to_bus(event)
        except (ClientError, BotoCoreError) as error:
            raise ServiceCallError(str(error)) from error

    def _to_queue(self, event: OutgoingEvent) -> None:
        url = self._queue_url(event.target)
        body = to_json(event.body).decode()
        attributes: dict[str, SqsAttribute] = {
            "taskId": {"DataType": "String", "StringValue": event.id}
        }
        if not url.endswith(_FIFO):
            self._clients.sqs.send_message(
                QueueUrl=url, MessageBody=body, MessageAttributes=attributes
            )
            return
        self._clients.sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes=attributes,
            MessageDeduplicationId=_short(event.id),
            MessageGroupId=event.group,
        )

    def _to_topic(self, event: OutgoingEvent) -> None:
        arn = self._topic_arn(event.target)
        body = to_json(event.body).decode()
        attributes: dict[str, SnsAttribute] = {
            "taskId": {"DataType": "String", "StringValue": event.id}
        }
        if not arn.endswith(_FIFO):
            self._clients.sns.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
            return
        self._clients.sns.publish(
            TopicArn=arn,
            Message=body,
            MessageAttributes=attributes,
            MessageDeduplicationId=_short(event.id),
            MessageGroupId=event.group,
        )

    def _to_bus(self, event: OutgoingEvent) -> None:
        detail = to_json({**event.body, event.id_name: event.id}).decode()
        reply = self._clients.events.put_events(
            Entries=[
                {
                    "EventBusName": event.target,
                    "Source": _SOURCE,
                    "DetailType": event.kind[:128],
                    "Detail": detail,
                }
            ]
        )
        entry = reply["Entries"][0]
        code = entry.get("ErrorCode")
        if code in _BUSY:
            raise UnavailableError(f"publishing to {event.target}: AWS is busy ({code})")
        if code is not None:
            raise ServiceCallError(f"{code}: {entry.get('ErrorMessage')}")

    def _queue_url(self, target: str) -> str:
        name, is_url = target, target.startswith(("https://", "http://"))
        if is_url:
            address = _QUEUE_URL.fullmatch(target)
            if address is None:
                raise ServiceCallError(f"{target} is no address of an SQS queue", is_final=True)
            name = address[1]
        if self._is_own(name):
            raise ServiceCallError(
                f"{name} is a queue of this deployment: events for it come from the sink conductor",
                is_final=True,
            )
        if is_url:
            return target
        if target not in self._queue_urls:
            reply = self._clients.sqs.get_queue_url(QueueName=target)
            self._queue_urls[target] = reply["QueueUrl"]
        return self._queue_urls[target]

    def _is_own(self, queue: str) -> bool:
        """Return whether a queue is of this deployment, for workers, the engine or dead letters."""
        name = queue.rpartition(":")[2].removeprefix("dead-letters-")
        return self._own_prefix is not None and name.startswith(self._own_prefix)

    def _topic_arn(self, target: str) -> str:
        if target.startswith("arn:"):
            return target
        if self._sibling_arn is None:
            raise ServiceCallError(f"{target} is no address of a topic: give its ARN")
        arn, partition, _, region, account, *_ = self._sibling_arn.split(":")
        return ":".join((arn, partition, "sns", region, account, target))


def _short(event_id: str) -> str:
    """Return an id that fits into the 128 characters of a deduplication id."""
    return hashlib.sha256(event_id.encode(errors="surrogatepass")).hexdigest()
