"""Every port on AWS: DynamoDB, SQS, S3, EventBridge Scheduler, Secrets Manager, parameter store."""

from collections.abc import Iterable
from dataclasses import dataclass

from dalsegno_state.aws.archive import S3Archive
from dalsegno_state.aws.client import Clients, Observer
from dalsegno_state.aws.definitions import DynamoDefinitionStore
from dalsegno_state.aws.documents import DynamoDocumentStore
from dalsegno_state.aws.event_publisher import AwsEventPublisher
from dalsegno_state.aws.external import S3ExternalPayloads
from dalsegno_state.aws.file_contents import S3FileStore
from dalsegno_state.aws.functions import LambdaInvoker
from dalsegno_state.aws.limits import DynamoLimits
from dalsegno_state.aws.logs import DynamoTaskLogs
from dalsegno_state.aws.payloads import S3PayloadStore
from dalsegno_state.aws.polls import DynamoPollRecords
from dalsegno_state.aws.queue_directory import QueueDirectory
from dalsegno_state.aws.queues import SqsQueues
from dalsegno_state.aws.secrets import AwsSecrets
from dalsegno_state.aws.settings import AwsSettings, SettingsError
from dalsegno_state.aws.state import DynamoStateStore
from dalsegno_state.aws.table import Table
from dalsegno_state.aws.timers import Timers
from dalsegno_state.ports import Clock, EventPublisher, Ports, Services


@dataclass(frozen=True, slots=True)
class AwsPorts(Ports):
    """All ports on one deployment; close them when done.

    Attributes:
        queues: The port, and what consumers of SQS's own events need.
        clients: What the ports share.
    """

    queues: SqsQueues
    clients: Clients

    def close(self) -> None:
        """Close all connections; everything acknowledged is stored already."""
        self.clients.close()


def open_ports(settings: AwsSettings, clock: Clock, observers: Iterable[Observer] = ()) -> AwsPorts:
    """Return the ports on a deployment. Nothing is asked of AWS before it is needed.

    ``observers`` are called with each client when it is made; see ``meter``.
    """
    return ports_with(Clients(settings.region, observers), settings, clock)


def ports_with(clients: Clients, settings: AwsSettings, clock: Clock) -> AwsPorts:
    """Return new ports on a deployment that share their clients with others."""
    executions = Table(clients, settings.execution_table)
    definitions = Table(clients, settings.definition_table)
    directory = QueueDirectory(clients, settings.queue_prefix, settings.customer_key)
    return AwsPorts(
        state=DynamoStateStore(executions, lists_ended=settings.lists_ended),
        definitions=DynamoDefinitionStore(definitions),
        documents=DynamoDocumentStore(definitions, clock),
        queues=SqsQueues(clients, directory, Timers(clients, settings), clock),
        payloads=S3PayloadStore(clients, settings.payload_bucket),
        external=S3ExternalPayloads(clients, settings.payload_bucket),
        archive=S3Archive(clients, settings.payload_bucket),
        files=S3FileStore(clients, settings.payload_bucket),
        limits=DynamoLimits(executions),
        logs=DynamoTaskLogs(executions, clock),
        polls=DynamoPollRecords(executions),
        secrets=AwsSecrets(clients, settings, clock),
        clock=clock,
        clients=clients,
    )


def open_services(clients: Clients, settings: AwsSettings) -> Services:
    """Return what system tasks reach from within a deployment."""
    return Services(
        events=AwsEventPublisher(clients, settings.evaluator_queue_arn, settings.queue_prefix),
        functions=LambdaInvoker(clients),
        event_bus=settings.event_bus or None,
    )


def open_publisher(region: str) -> EventPublisher:
    """Return what publishes events from outside a deployment."""
    return AwsEventPublisher(Clients(region))


__all__ = [
    "AwsPorts",
    "AwsSettings",
    "SettingsError",
    "open_ports",
    "open_publisher",
    "open_services",
    "ports_with",
]
