"""What the engine needs from the world; each port has a SQLite and an AWS adapter."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    EpochMillis,
    JsonObject,
    JsonValue,
    PollData,
    Seconds,
    TaskDef,
    TaskExecLog,
    WorkflowDef,
    WorkflowStatus,
)
from dalsegno_state.conditions import Condition
from dalsegno_state.execution import PayloadRef, TaskState, WorkflowState
from dalsegno_state.external_paths import ExternalOperation
from dalsegno_state.writes import Arrival, Arrivals, Lost, Write


class StateStore(Protocol):
    """Executions. Every read is strongly consistent, but for ``recent``."""

    def create_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """Store a workflow unless its id is taken; return the one that is stored."""
        ...

    def workflow(self, workflow_id: str) -> WorkflowState | None:
        """Return the workflow item, or None."""
        ...

    def tasks(self, workflow_id: str, refs: Iterable[str]) -> dict[str, TaskState]:
        """Return the current attempts of the tasks with these full references that exist."""
        ...

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """Return a task as it was a moment ago; the one read that need not be consistent.

        It is cheaper, for whoever finds out by a conditional write that the task has changed.
        """
        ...

    def latest(self, workflow_id: str, base_ref: str) -> TaskState | None:
        """Return the task of this base reference in its latest iteration (numeric order)."""
        ...

    def all_tasks(self, workflow_id: str) -> Iterator[TaskState]:
        """Yield the current attempt of every task, in order of ``sequence``."""
        ...

    def attempts(self, workflow_id: str) -> Iterator[TaskState]:
        """Yield the frozen earlier attempts of every task."""
        ...

    def attempt(self, workflow_id: str, ref: str, task_id: str) -> TaskState | None:
        """Return one frozen earlier attempt, or None."""
        ...

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """Carry out writes in order; return the first that lost its condition, or None.

        Writes before the lost one stay; those after it are not carried out.
        """
        ...

    def arrive(self, arrival: Arrival) -> Arrivals:
        """Add a member to a JOIN's shard; return the shard's whole set, the member included."""
        ...

    def arrivals(self, workflow_id: str, join_ref: str, shard: str) -> Arrivals:
        """Return a shard's set."""
        ...

    def due(self, until: EpochMillis, limit: int) -> "list[Due]":
        """Return workflows whose ``wake_at`` is at or before ``until``, earliest first."""
        ...

    def ended(self, until: EpochMillis, limit: int) -> list[str]:
        """Return ids of workflows that ended at or before ``until``, the earliest first.

        One that was set going since may be among them. A store may be told not to list what
        ends, as it costs a write; what ended meanwhile is missing.
        """
        ...

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """Yield ids of the workflows whose parent this is."""
        ...

    def search(self, query: "WorkflowQuery") -> tuple[int, list[WorkflowState]]:
        """Return the number of workflows that match, and the asked page of them."""
        ...

    def clear(self, workflow_id: str, limit: int) -> bool:
        """Forget up to ``limit`` of what belongs to a workflow, but not the workflow itself.

        Return whether nothing but the workflow is left.
        """
        ...

    def search_tasks(self, query: "TaskQuery") -> tuple[int, list["FoundTask"]]:
        """Return the number of task attempts that match, and the asked page of them.

        Raises:
            InvalidRequestError: The store cannot look that far; it says what to add.
        """
        ...

    def remove(self, workflow_id: str) -> None:
        """Forget a workflow with all its tasks, attempts, arrivals and wake; absent is fine."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A workflow that is to be looked at, and from when on."""

    workflow_id: str
    wake_at: EpochMillis


@dataclass(frozen=True, slots=True)
class Order:
    """A field that hits are sorted by; those that lack a value are least."""

    field: str
    ascending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowQuery:
    """A search over workflow items; None means any. Newest first unless ordered otherwise.

    Attributes:
        where: What must hold beside all else; its fields are those of ``search_fields``.
        order: Later fields, and last the workflow id, decide between equals of earlier ones.
    """

    names: tuple[str, ...] | None = None
    versions: tuple[int, ...] | None = None
    statuses: tuple[WorkflowStatus, ...] | None = None
    workflow_ids: tuple[str, ...] | None = None
    correlation_ids: tuple[str, ...] | None = None
    parent_workflow_ids: tuple[str, ...] | None = None
    started_after: EpochMillis | None = None
    started_before: EpochMillis | None = None
    ended_after: EpochMillis | None = None
    ended_before: EpochMillis | None = None
    where: Condition | None = None
    text: str | None = None
    order: tuple[Order, ...] = (Order("startTime"),)
    start: int = 0
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """A search over task attempts, current and earlier; None means any.

    Attributes:
        workflows: Those whose tasks are looked at.
        task_ids: Narrows the search as ``where`` does, but tells where to look.
        order: Later fields, and last the task id, decide between equals of earlier ones.
    """

    workflows: WorkflowQuery = WorkflowQuery()
    task_ids: tuple[str, ...] | None = None
    where: Condition | None = None
    text: str | None = None
    order: tuple[Order, ...] = (Order("startTime"),)
    start: int = 0
    size: int = 100


@dataclass(frozen=True, slots=True)
class FoundTask:
    """An attempt with the workflow it belongs to.

    Attributes:
        is_current: No later attempt has replaced it.
    """

    task: TaskState
    workflow: WorkflowState
    is_current: bool = True


class DefinitionStore(Protocol):
    """Workflow and task definitions, and the immutable snapshots executions run."""

    def revision(self) -> int:
        """Return a number that differs from before once a change of a definition is acknowledged.

        While it is the same, what was read of definitions after it still holds. It may also
        differ where nothing has changed.
        """
        ...

    def put_workflow_def(self, definition: WorkflowDef) -> None:
        """Store a definition, replacing that name and version."""
        ...

    def create_workflow_def(self, definition: WorkflowDef) -> bool:
        """Store a definition unless its name and version exist; return whether it was stored."""
        ...

    def workflow_def(self, name: str, version: int | None = None) -> WorkflowDef | None:
        """Return a definition; its highest version if None is asked."""
        ...

    def workflow_defs(self, name: str | None = None) -> list[WorkflowDef]:
        """Return all versions of all definitions, or of one name; ordered by name, version."""
        ...

    def delete_workflow_def(self, name: str, version: int) -> bool:
        """Delete a definition; return whether it existed."""
        ...

    def put_task_def(self, definition: TaskDef) -> None:
        """Store a task definition, replacing that name."""
        ...

    def task_def(self, name: str) -> TaskDef | None:
        """Return a task definition, or None."""
        ...

    def task_defs(self) -> list[TaskDef]:
        """Return all task definitions, ordered by name."""
        ...

    def delete_task_def(self, name: str) -> bool:
        """Delete a task definition; return whether it existed."""
        ...

    def put_snapshot(self, content_hash: str, body: bytes) -> None:
        """Keep a resolved definition under its hash; repeating it is harmless."""
        ...

    def snapshot(self, content_hash: str) -> bytes | None:
        """Return a snapshot's body, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small named JSON object that is neither an execution nor a definition.

    Attributes:
        kind: What it is one of; all of a kind are listed together.
        revision: Another with each write; what ``replace`` and ``delete`` compare.
    """

    kind: str
    name: str
    body: JsonObject
    revision: str


class DocumentStore(Protocol):
    """Schedules, event handlers, schemas, tags and the like: up to 400 KB once compressed.

    One that has expired is absent to every method.
    """

    def put(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> None:
        """Store a document, replacing that kind and name."""
        ...

    def create(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """Store a document unless its name is taken; return whether it was stored."""
        ...

    def replace(
        self, found: Document, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """Store a new body if nobody has written since ``found`` was read; return whether."""
        ...

    def get(self, kind: str, name: str) -> Document | None:
        """Return a document, or None."""
        ...

    def documents(self, kind: str, *, prefix: str = "", limit: int | None = None) -> list[Document]:
        """Return the documents of a kind whose names begin with a prefix, the first at most.

        They are ordered by name, as far as names are made of letters, digits, ``-``, ``_`` and
        ``.``; others come in some fixed order.
        """
        ...

    def delete(self, kind: str, name: str, *, revision: str | None = None) -> bool:
        """Delete a document, if given only in this revision; return whether it was deleted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A hint to be delivered once or more, or never.

    Attributes:
        queue: Name of the queue.
        body: What the consumer gets; at most 256 KB.
        deliver_at: Not before this time; None for at once.
        priority: 0 to 99, larger served first where the queue can.
    """

    queue: str
    body: str
    deliver_at: EpochMillis | None = None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message in a consumer's hands, hidden from others until its visibility ends."""

    body: str
    receipt: str
    delivery_count: int = 1


class Queues(Protocol):
    """At-least-once queues, created when first used."""

    def send(self, messages: Sequence[Message]) -> None:
        """Store messages; returns only when all of them are stored."""
        ...

    def receive(
        self, queue: str, *, count: int, wait_seconds: float, visibility_seconds: Seconds
    ) -> list[Received]:
        """Return up to ``count`` messages, waiting up to ``wait_seconds`` for the first."""
        ...

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """Forget received messages."""
        ...

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """Hide a received message for longer, then deliver it again."""
        ...

    def sizes(self, names: Iterable[str] | None = None) -> dict[str, "QueueSize"]:
        """Return the size of each named queue, of all queues if None."""
        ...


@dataclass(frozen=True, slots=True)
class QueueSize:
    """How many messages wait in a queue, and how many are in consumers' hands."""

    size: int
    unacknowledged: int


class PayloadStore(Protocol):
    """JSON objects too large for an item."""

    def put(self, workflow_id: str, body: bytes) -> PayloadRef:
        """Keep a body under a key made from its content; repeating it is harmless."""
        ...

    def get(self, ref: PayloadRef) -> bytes:
        """Return a body; raises KeyError if it is gone."""
        ...

    def remove(self, workflow_id: str) -> None:
        """Forget all payloads of a workflow."""
        ...


class ExternalPayloads(Protocol):
    """JSON objects that clients store and fetch by themselves, at ``external_paths``.

    Every method raises ValueError for any other path.
    """

    def location(self, path: str, operation: ExternalOperation) -> str:
        """Return a URL that is good for this path and operation alone, and for some minutes.

        It is relative if this server itself serves it.
        """
        ...

    def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """Return what is stored, None if it is longer; raises KeyError if there is nothing."""
        ...

    def remove(self, path: str) -> None:
        """Forget what is stored; absent is fine."""
        ...


class Archive(Protocol):
    """Ended executions, as documents for whoever wants to look at them much later."""

    def put(self, name: str, document: bytes) -> None:
        """Keep a document under a name, whose parts are told apart by slashes; it may replace one.

        It is durable when this returns.
        """
        ...


class Limits(Protocol):
    """Slots of a task definition: how many run at once, how many start in a window."""

    def acquire_slot(
        self, name: str, task_id: str, *, limit: int, until: EpochMillis, now: EpochMillis
    ) -> bool:
        """Take one of ``limit`` slots until ``until``; True if taken or held by it already."""
        ...

    def release_slot(self, name: str, task_id: str) -> None:
        """Give a slot back; absent is fine."""
        ...

    def acquire_rate(
        self, name: str, *, limit: int, window_ms: int, now: EpochMillis
    ) -> EpochMillis | None:
        """Count one start in the sliding window.

        Return None if granted, else when it is worth trying again.
        """
        ...


class TaskLogs(Protocol):
    """Lines that workers wrote about a task."""

    def append(self, workflow_id: str, lines: Sequence[TaskExecLog]) -> None:
        """Keep lines, each under its task id."""
        ...

    def lines(self, workflow_id: str, task_id: str) -> list[TaskExecLog]:
        """Return a task's lines, oldest first."""
        ...


class PollRecords(Protocol):
    """Who polled which queue last."""

    def record(self, poll: PollData) -> None:
        """Remember a poll; of one queue, domain and worker only one in some seconds."""
        ...

    def polls(self, task_type: str | None = None) -> list[PollData]:
        """Return the last polls of a task type, or of all."""
        ...


class Secrets(Protocol):
    """Named secrets and environment values for expressions; never the server's environment.

    Both are text. What is the text of a JSON object or array is one to expressions; any other is
    a string to them, so that a password of digits stays as it was typed. Expressions see a change
    within a minute, whoever asks for the text at once.
    """

    def secret(self, name: str) -> JsonValue:
        """Return a secret as expressions see it, or None."""
        ...

    def secret_text(self, name: str) -> str | None:
        """Return a secret as it was put, or None."""
        ...

    def secret_exists(self, name: str) -> bool:
        """Return whether there is such a secret, without reading it."""
        ...

    def secret_names(self) -> list[str]:
        """Return the names of all secrets, ordered; new ones may take minutes to be listed."""
        ...

    def put_secret(self, name: str, value: str) -> None:
        """Store a secret, replacing that name."""
        ...

    def delete_secret(self, name: str) -> bool:
        """Delete a secret; return whether it existed."""
        ...

    def environment(self, name: str) -> JsonValue:
        """Return an environment value as expressions see it, or None."""
        ...

    def environment_text(self, name: str) -> str | None:
        """Return an environment value as it was put, or None."""
        ...

    def environment_values(self) -> dict[str, str]:
        """Return all environment values as they were put, ordered by name."""
        ...

    def put_environment(self, name: str, value: str) -> None:
        """Store an environment value, replacing that name; at least one character."""
        ...

    def delete_environment(self, name: str) -> bool:
        """Delete an environment value; return whether it existed."""
        ...


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What is known of a file's bytes without reading them.

    Attributes:
        content_hash: Another for other bytes; by which method, the store decides.
    """

    size_bytes: int
    content_hash: str


class FileStore(Protocol):
    """The bytes of files, by keys of letters, digits, ``.``, ``-``, ``_`` and ``~``.

    Attributes:
        storage_type: Conductor's name of it: ``S3``, or ``CONDUCTOR`` for this server.
    """

    storage_type: ClassVar[str]

    def upload_url(self, key: str, content_type: str, *, seconds: int) -> str | None:
        """Return where to PUT a file; None if it is to be sent through this server."""
        ...

    def download_url(self, key: str, file_name: str, *, seconds: int) -> str | None:
        """Return where to GET a file; None if it is to be had from this server."""
        ...

    def write(self, key: str, body: bytes) -> None:
        """Store a file that came through this server; raises InvalidRequestError if none may."""
        ...

    def read(self, key: str) -> bytes:
        """Return a file that goes through this server; raises KeyError, InvalidRequestError."""
        ...

    def content(self, key: str) -> StoredContent | None:
        """Return what is stored, or None."""
        ...

    def remove(self, key: str) -> None:
        """Forget a file; absent is fine."""
        ...

    def start_multipart(self, key: str, content_type: str) -> str:
        """Return the id of an upload in parts; raises InvalidRequestError if there are none."""
        ...

    def part_url(self, key: str, upload_id: str, number: int, *, seconds: int) -> str:
        """Return where to PUT a part; raises InvalidRequestError if there are none."""
        ...

    def complete_multipart(self, key: str, upload_id: str, tags: list[str]) -> None:
        """Make a file of its parts; raises InvalidRequestError if the tags are not theirs."""
        ...

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Forget the parts of an upload; absent is fine."""
        ...


class Clock(Protocol):
    """Time, as an argument."""

    def now(self) -> EpochMillis:
        """Return the time in epoch milliseconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReply:
    """What a remote service answered.

    Attributes:
        body: Raw bytes, at most as many as the caller allowed.
    """

    status_code: int
    reason_phrase: str
    headers: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = b""


class HttpClient(Protocol):
    """Outbound HTTP for HTTP tasks; refuses addresses that tasks must not reach."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> HttpReply:
        """Return the answer; raises ``HttpCallError`` if there was none."""
        ...


class NotJsonError(InvalidRequestError, ValueError):
    """A value is not stored: it holds what JSON cannot tell, or is nested too deeply."""


class HttpCallError(Exception):
    """No answer came: refused, timed out, unreachable or not allowed."""


class ServiceCallError(Exception):
    """A service did not take what a task had for it.

    Attributes:
        is_final: It never will.
    """

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.is_final = is_final


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An event on its way out.

    Attributes:
        id: The same each time the event is published, so that a receiver can tell.
        id_name: What the id is called where it stands among the event's own fields.
        service: ``sqs``, ``sns`` or ``eventbridge``.
        target: Name or address of the queue, topic or bus.
        kind: What kind of event it is, where the service wants to know.
        group: Events of one group keep their order, where the service keeps any.
        body: At most 256 KB of JSON.
    """

    id: str
    service: str
    target: str
    kind: str
    group: str
    body: JsonObject
    id_name: str = "taskId"


class EventPublisher(Protocol):
    """Publishes the events of EVENT tasks outside."""

    def publish(self, event: OutgoingEvent) -> None:
        """Return once the service has the event.

        Raises:
            ServiceCallError: It refuses it.
            UnavailableError: It cannot be reached, or is busy.
        """
        ...


class FunctionInvoker(Protocol):
    """Has functions work on tasks, and does not wait for them."""

    def invoke(self, function: str, payload: bytes) -> None:
        """Return once the function is sure to be called; raises as ``EventPublisher`` does."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaRecord:
    """A record for Kafka.

    Attributes:
        timeout_ms: By when it must be acknowledged.
    """

    bootstrap_servers: str
    topic: str
    value: bytes
    key: bytes | None
    headers: dict[str, bytes]
    timeout_ms: int


class RecordProducer(Protocol):
    """Sends records to Kafka."""

    def produce(self, record: KafkaRecord) -> None:
        """Return once a record is acknowledged; raises ``ServiceCallError`` if it was not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What system tasks reach beside HTTP; see ``engine/effects/absent.py`` for none of it.

    Attributes:
        kafka: None if no client for Kafka is installed.
        event_bus: Bus of EventBridge that is told all that event handlers are; None for none.
    """

    events: EventPublisher
    functions: FunctionInvoker
    kafka: RecordProducer | None = None
    event_bus: str | None = None


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
    "Archive",
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
    "JsonObject",
    "KafkaRecord",
    "Limits",
    "Message",
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
