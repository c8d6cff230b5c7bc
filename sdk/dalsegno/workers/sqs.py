"""Queues in SQS, as workers use them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from dalsegno.errors import ConductorError, ForbiddenError, UnavailableError
from dalsegno.models import TaskResult
from dalsegno.queue_bodies import decoded
from dalsegno.queue_names import sqs_name
from dalsegno.trace_header import begin_new_lineage

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH: Final = 10
# SQS takes more by now; not everywhere, and it is billed by 64 KB.
MOST_BATCH_BYTES: Final = 256 * 1024
RESULTS: Final = "_results"
_ABSENT: Final = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException"})
_LONGEST_VISIBILITY_SECONDS: Final = 43_200
_CONNECTIONS: Final = 50
_ANSWER_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class SqsMessage:
    """A message in hand.

    Attributes:
        message_id: The same in all its deliveries.
        task_id: What it announces.
    """

    message_id: str
    receipt: str
    task_id: str


@dataclass(frozen=True)
class SqsQueues:
    """The queues of a deployment; needs the extra ``sqs``, and AWS's usual environment.

    Attributes:
        stage: Of the deployment; its queues are named ``dalsegno-<stage>-...``.
        prefix: Their names' beginning, if it is another.
        results_queue_url: The output ``ResultsQueueUrl``; looked up if absent.
        region: Of AWS; that of the environment if absent.
        visibility_seconds: How long a task stays with a worker that is not heard of any more; a
            worker that lives puts it off.
    """

    stage: str = "dev"
    prefix: str | None = None
    results_queue_url: str | None = None
    region: str | None = None
    visibility_seconds: int = 60

    @cached_property
    def _known(self) -> dict[str, str]:
        known = {} if self.results_queue_url is None else {RESULTS: self.results_queue_url}
        return known

    @cached_property
    def _sqs(self) -> "SQSClient":
        try:
            # Without boto3, which takes longer to import and adds nothing here.
            import botocore.session
            from botocore.config import Config
        except ImportError as error:
            raise ImportError(
                "tasks from SQS need AWS's library: pip install 'dalsegno[sqs]'"
            ) from error
        config = Config(
            max_pool_connections=_CONNECTIONS,
            read_timeout=_ANSWER_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 3},
        )
        session = botocore.session.get_session()
        client = session.create_client("sqs", region_name=self.region, config=config)
        begin_new_lineage(client)
        return cast("SQSClient", client)

    def connect(self) -> None:
        """Make the client, which is not for many threads at once. Raises ImportError."""
        _ = self._sqs

    def url(self, name: str) -> str | None:
        """Return a queue's address; None if it is not there yet. Raises ConductorError."""
        if name not in self._known:
            prefix = f"dalsegno-{self.stage}-" if self.prefix is None else self.prefix
            try:
                reply = self._sqs.get_queue_url(QueueName=sqs_name(prefix, name))
            except Exception as error:  # noqa: BLE001 - told apart by name there
                if _code(error) in _ABSENT:
                    return None
                _raise(error, f"finding the queue of {name}")
            self._known[name] = reply["QueueUrl"]
        return self._known[name]

    def receive(self, url: str, count: int, wait_seconds: int) -> list[SqsMessage]:
        """Return up to ten messages, hidden from others. Raises ConductorError."""
        try:
            reply = self._sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(count, BATCH),
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=self.visibility_seconds,
            )
        except Exception as error:  # noqa: BLE001 - told apart by name there
            _raise(error, "receiving tasks")
        return [
            SqsMessage(found["MessageId"], found["ReceiptHandle"], decoded(found["Body"]))
            for found in reply.get("Messages", [])
        ]

    def send_results(self, bodies: Sequence[str]) -> frozenset[int]:
        """Send up to ten results; return the places of those not taken. Raises ConductorError."""
        url = self.url(RESULTS)
        if url is None:
            raise UnavailableError("there is no queue for results; give its results_queue_url")
        try:
            reply = self._sqs.send_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(place), "MessageBody": body} for place, body in enumerate(bodies)
                ],
            )
        except Exception as error:  # noqa: BLE001 - told apart by name there
            _raise(error, "sending results")
        return frozenset(int(entry["Id"]) for entry in reply.get("Failed", ()))

    def delete(self, url: str, receipts: Sequence[str]) -> frozenset[int]:
        """Delete up to ten messages; return the places of those left. Raises ConductorError."""
        try:
            reply = self._sqs.delete_message_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": receipt}
                    for place, receipt in enumerate(receipts)
                ],
            )
        except Exception as error:  # noqa: BLE001 - told apart by name there
            _raise(error, "deleting messages")
        return frozenset(int(entry["Id"]) for entry in reply.get("Failed", ()))

    def hide(self, url: str, receipt: str, seconds: int) -> None:
        """Show a message to nobody for a while. Raises ConductorError."""
        try:
            self._sqs.change_message_visibility(
                QueueUrl=url,
                ReceiptHandle=receipt,
                VisibilityTimeout=min(max(0, seconds), _LONGEST_VISIBILITY_SECONDS),
            )
        except Exception as error:  # noqa: BLE001 - told apart by name there
            _raise(error, "keeping a message")


def body_of(result: TaskResult) -> str:
    """Return a result as a message; in ASCII, as SQS does not take every character."""
    return json.dumps(result.to_wire(), separators=(",", ":"))


def _code(error: Exception) -> str:
    response: Any = getattr(error, "response", None)
    return str(response["Error"].get("Code", "")) if isinstance(response, dict) else ""


def _raise(error: Exception, doing: str) -> NoReturn:
    """Raise a failure of SQS as one that workers know; anything else as it is."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not isinstance(error, BotoCoreError | ClientError):
        raise error
    told: type[ConductorError] = ForbiddenError if _code(error) in _DENIED else UnavailableError
    raise told(f"{doing}: {error}") from error
