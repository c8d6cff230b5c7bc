"""Where the queues are: their addresses, found or made when first asked for."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from dalsegno.queue_names import (
    NAME_TAG,
    decode_name,
    is_hashed,
    name_of,
    sqs_name,
    tag_value,
)
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType

_ABSENT: Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_TAGS: Final = {"application": "dalsegno"}
# No redrive policy: a message that comes back is a task whose worker was slow, or that waits for
# a free slot. What is hopeless is noticed when it is claimed, and deleted.
_ATTRIBUTES: Final["dict[QueueAttributeNameType, str]"] = {
    "MessageRetentionPeriod": "1209600",
    "ReceiveMessageWaitTimeSeconds": "20",
    "VisibilityTimeout": "60",
}


class QueueDirectory:
    """Finds queues by name, and makes those that are not there.

    Args:
        key: KMS key that encrypts the queues it makes; empty for that of SQS.
    """

    def __init__(self, clients: Clients, prefix: str, key: str = "") -> None:
        self._clients = clients
        self._prefix = prefix
        self._attributes = {**_ATTRIBUTES, "KmsMasterKeyId": key} if key else _ATTRIBUTES
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Return a queue's address; the queue is made if it does not exist."""
        return self.known_url(name) or self._make(name)

    def known_url(self, name: str) -> str | None:
        """Return a queue's address, or None if it does not exist."""
        url = self._urls.get(name)
        if url is not None:
            return url
        with translated(f"finding the queue {name}"):
            try:
                reply = self._clients.sqs.get_queue_url(QueueName=sqs_name(self._prefix, name))
            except ClientError as error:
                if code_of(error) in _ABSENT:
                    return None
                raise
        self._urls[name] = reply["QueueUrl"]
        return reply["QueueUrl"]

    def forget_absent(self, name: str, error: ClientError) -> None:
        """Forget the address of a queue that somebody deleted; raises any other error.

        So does SQS refuse a queue for up to a second after it was made.
        """
        if code_of(error) not in _ABSENT:
            raise error
        self._urls.pop(name, None)

    def names(self) -> list[str]:
        """Return the names of all queues, ordered."""
        return sorted(self._names())

    def _names(self) -> Iterator[str]:
        with translated("listing the queues"):
            pages = self._clients.sqs.get_paginator("list_queues").paginate(
                QueueNamePrefix=self._prefix, PaginationConfig={"PageSize": 1000}
            )
            for url in (url for page in pages for url in page.get("QueueUrls", ())):
                queue = url.rpartition("/")[2]
                name = name_of(self._prefix, queue)
                if name is None and is_hashed(self._prefix, queue):
                    name = self._tagged_name(url)
                if name is not None:
                    self._urls[name] = url
                    yield name

    def _tagged_name(self, url: str) -> str | None:
        tags = self._clients.sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
        encoded = tags.get(NAME_TAG)
        return None if encoded is None else decode_name(encoded)

    def _make(self, name: str) -> str:
        with translated(f"making the queue {name}"):
            reply = self._clients.sqs.create_queue(
                QueueName=sqs_name(self._prefix, name),
                Attributes=self._attributes,
                tags={**_TAGS, NAME_TAG: tag_value(name)},
            )
        self._urls[name] = reply["QueueUrl"]
        return reply["QueueUrl"]
