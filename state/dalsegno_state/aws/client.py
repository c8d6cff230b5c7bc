"""The clients of AWS services: tuned, made when first used, shared by all threads.

An endpoint other than AWS's own comes from ``AWS_ENDPOINT_URL``, which botocore reads itself.
"""

from collections.abc import Callable, Iterable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, cast

import botocore.session
from botocore.client import BaseClient
from botocore.config import Config

from dalsegno.trace_header import begin_new_lineage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

Observer = Callable[[BaseClient], None]

SERVICES: Final = (
    "dynamodb",
    "events",
    "lambda",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
)
"""The services that clients are made of; their descriptions must be in the functions' bundle."""

_CONNECT_SECONDS: Final = 2
_READ_SECONDS: Final = 10
# SQS holds a receive for up to 20 s before it answers.
_LONG_POLL_READ_SECONDS: Final = 30
_CONNECTIONS: Final = 50
_ATTEMPTS: Final = 8


class Clients:
    """One client per service.

    Args:
        observers: Called with each client when it is made; see ``Meter``.
    """

    def __init__(self, region: str, observers: Iterable[Observer] = ()) -> None:
        self._region = region
        self._observers = tuple(observers)
        self._lock = Lock()
        self._session = botocore.session.get_session()

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """DynamoDB."""
        return cast("DynamoDBClient", self._make("dynamodb"))

    @cached_property
    def sqs(self) -> "SQSClient":
        """SQS."""
        return cast("SQSClient", self._make("sqs", read_seconds=_LONG_POLL_READ_SECONDS))

    @cached_property
    def s3(self) -> "S3Client":
        """S3."""
        # Of this version, or a signed URL is good for neither KMS nor newer regions.
        return cast("S3Client", self._make("s3", signature_version="s3v4"))

    @cached_property
    def scheduler(self) -> "EventBridgeSchedulerClient":
        """EventBridge Scheduler."""
        return cast("EventBridgeSchedulerClient", self._make("scheduler"))

    @cached_property
    def secrets_manager(self) -> "SecretsManagerClient":
        """Secrets Manager."""
        return cast("SecretsManagerClient", self._make("secretsmanager"))

    @cached_property
    def ssm(self) -> "SSMClient":
        """The parameter store."""
        return cast("SSMClient", self._make("ssm"))

    @cached_property
    def sns(self) -> "SNSClient":
        """SNS."""
        return cast("SNSClient", self._make("sns"))

    @cached_property
    def events(self) -> "EventBridgeClient":
        """EventBridge."""
        return cast("EventBridgeClient", self._make("events"))

    @cached_property
    def lambda_(self) -> "LambdaClient":
        """Lambda."""
        return cast("LambdaClient", self._make("lambda"))

    def close(self) -> None:
        """Close the connections of the clients that were made."""
        for value in tuple(vars(self).values()):
            if isinstance(value, BaseClient):
                value.close()

    def _make(
        self,
        service: str,
        *,
        read_seconds: int = _READ_SECONDS,
        signature_version: str | None = None,
    ) -> BaseClient:
        config = Config(
            signature_version=signature_version,
            region_name=self._region,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=read_seconds,
            tcp_keepalive=True,
            max_pool_connections=_CONNECTIONS,
            # Full jitter. Not adaptive: that mode slows every further request of a client down, for
            # seconds, when a single partition of one table was busy.
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
        )
        with self._lock:  # a session is not safe to share while it makes a client
            client: BaseClient = self._session.create_client(service, config=config)
        begin_new_lineage(client)
        for observe in self._observers:
            observe(client)
        return client
