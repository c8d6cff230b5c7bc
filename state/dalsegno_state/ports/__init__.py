"""What the engine needs from the world; each port has a SQLite and an AWS adapter."""

from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import EpochMillis
from dalsegno_state.ports.caller import STAYS, Caller
from dalsegno_state.ports.definitions import DefinitionStore, Document, DocumentStore
from dalsegno_state.ports.executions import (
    Due,
    FoundTask,
    Order,
    StateStore,
    TaskQuery,
    WorkflowQuery,
)
from dalsegno_state.ports.payloads import (
    Archive,
    ExternalPayloads,
    FileStore,
    NotJsonError,
    PayloadStore,
    StoredContent,
)
from dalsegno_state.ports.queues import Message, Queues, QueueSize, Received
from dalsegno_state.ports.services import (
    EventPublisher,
    FunctionInvoker,
    HttpCallError,
    HttpClient,
    HttpReply,
    KafkaRecord,
    OutgoingEvent,
    RecordProducer,
    ServiceCallError,
    Services,
)
from dalsegno_state.ports.workers import Limits, PollRecords, Secrets, TaskLogs


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> EpochMillis:
        """Return the time in epoch milliseconds."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """All that the engine is given."""

    state: StateStore
    definitions: DefinitionStore
    documents: DocumentStore
    queues: Queues
    payloads: PayloadStore
    external: ExternalPayloads
    archive: Archive
    files: FileStore
    limits: Limits
    logs: TaskLogs
    polls: PollRecords
    secrets: Secrets
    clock: Clock


__all__ = [
    "STAYS",
    "Archive",
    "Caller",
    "Clock",
    "DefinitionStore",
    "Document",
    "DocumentStore",
    "Due",
    "EventPublisher",
    "ExternalPayloads",
    "FileStore",
    "FoundTask",
    "FunctionInvoker",
    "HttpCallError",
    "HttpClient",
    "HttpReply",
    "KafkaRecord",
    "Limits",
    "Message",
    "NotJsonError",
    "Order",
    "OutgoingEvent",
    "PayloadStore",
    "PollRecords",
    "Ports",
    "QueueSize",
    "Queues",
    "Received",
    "RecordProducer",
    "Secrets",
    "ServiceCallError",
    "Services",
    "StateStore",
    "StoredContent",
    "TaskLogs",
    "TaskQuery",
    "WorkflowQuery",
]
