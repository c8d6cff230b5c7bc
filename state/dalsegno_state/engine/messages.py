"""The message queue of each workflow: pushed to by clients, pulled from by its tasks."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Final
from uuid import uuid4

from dalsegno.errors import (
    ConflictError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnavailableError,
)
from dalsegno.models import EpochMillis, JsonObject, JsonValue, WorkflowStatus
from dalsegno_state.draft import size_bytes
from dalsegno_state.engine.payload_checks import check_depth
from dalsegno_state.engine.queries import Queries
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ids import parse_task_id
from dalsegno_state.ports import Document, Ports

CAPACITY: Final = 1_000
_KEPT_MS: Final = 24 * 3_600_000
# Longer than the week after which a task that waits is announced, and so registered, again.
_WAITING_MS: Final = 30 * 86_400_000
_MOST_BYTES: Final = 256 * 1024
_MOST_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
_MOST_TRIES: Final = 50


class _Fate(Enum):
    """What has become of a message."""

    FREE = auto()
    RESERVED = auto()
    DELIVERED = auto()


class WorkflowMessages:
    """Messages in the order of their arrival, each for exactly one task.

    A message is a document. A task reserves it by a conditional write before it completes with
    it, and deletes it afterwards. What a task had reserved that ended without it is free again.

    Args:
        look: Has a task of a workflow looked at.
    """

    def __init__(self, ports: Ports, queries: Queries, look: Callable[[str, str], None]) -> None:
        self._ports = ports
        self._queries = queries
        self._look = look

    def push(self, workflow_id: str, payload: JsonObject) -> str:
        """Store a message for a running workflow and wake the tasks that wait; return its id.

        It is kept for 24 hours, and no longer than the workflow runs.

        Raises:
            NotFoundError: No such workflow.
            ConflictError: The workflow is not running.
            InvalidRequestError: The payload is nested too deeply.
            PayloadTooLargeError: The payload is longer than 256 KB.
            TooManyRequestsError: As many messages as there may be wait already.
        """
        check_depth(payload, "The message")
        if (size := size_bytes(payload)) > _MOST_BYTES:
            raise PayloadTooLargeError(
                f"The message is {size} bytes long; at most {_MOST_BYTES} are taken"
            )
        workflow = self._running(workflow_id)
        message_id = str(uuid4())
        name = self._store(workflow, message_id, payload)
        self._check_goes_on(workflow, name)
        for waiting in self._ports.documents.documents(_waiting(workflow)):
            self._look(workflow_id, waiting.name)
        return message_id

    def take(self, workflow: WorkflowState, task_id: str, most: int) -> list[JsonObject]:
        """Reserve the first messages for a task and return them; those it had before included."""
        taken: list[JsonObject] = []
        size = 0
        for document in self._ports.documents.documents(_messages(workflow)):
            size += size_bytes(document.body)
            if len(taken) == most or (taken and size > _MOST_BYTES_AT_ONCE):
                break
            if self._reserve(document, task_id):
                taken.append(_shown(document))
        return taken

    def wait(self, workflow: WorkflowState, ref: str) -> None:
        """Have a task looked at when the next message comes."""
        until = self._ports.clock.now() + _WAITING_MS
        self._ports.documents.put(_waiting(workflow), ref, {}, expires_at=until)

    def forget_taken(self, workflow: WorkflowState, task: TaskState) -> None:
        """Delete the messages that an attempt has ended with."""
        self._ports.documents.delete(_waiting(workflow), task.ref)
        for document in self._ports.documents.documents(_messages(workflow)):
            if self._fate(document) is _Fate.DELIVERED:
                self._ports.documents.delete(document.kind, document.name)

    def _running(self, workflow_id: str) -> WorkflowState:
        workflow = self._ports.state.workflow(workflow_id)
        if workflow is None or workflow.archived:
            raise NotFoundError(f"Workflow not found: {workflow_id}")
        if workflow.status is not WorkflowStatus.RUNNING:
            raise ConflictError(
                f"Workflow {workflow_id} is {workflow.status}; only a RUNNING one takes messages"
            )
        return workflow

    def _store(self, workflow: WorkflowState, message_id: str, payload: JsonObject) -> str:
        """Store a message behind those there are; return the name of its document."""
        now = self._ports.clock.now()
        body: JsonObject = {
            "id": message_id,
            "workflowId": workflow.workflow_id,
            "payload": payload,
            "receivedAt": _iso(now),
            "expiresAt": now + _KEPT_MS,
        }
        for _ in range(_MOST_TRIES):
            stored = self._ports.documents.documents(_messages(workflow), limit=CAPACITY)
            if len(stored) >= CAPACITY:
                raise TooManyRequestsError(
                    f"{CAPACITY} messages wait for workflow {workflow.workflow_id} already"
                )
            # By the time, so that it need not be known which ones there were before.
            number = max(now, 1 + int(stored[-1].name)) if stored else now
            name = f"{number:016d}"
            if self._ports.documents.create(
                _messages(workflow), name, body, expires_at=now + _KEPT_MS
            ):
                return name
        raise UnavailableError(f"too many send to workflow {workflow.workflow_id}; try again")

    def _check_goes_on(self, workflow: WorkflowState, name: str) -> None:
        """Take a message back that came in the very moment the workflow ended."""
        now = self._ports.state.workflow(workflow.workflow_id)
        if now is None or now.status.is_terminal or now.run != workflow.run:
            self._ports.documents.delete(_messages(workflow), name)
            self._running(workflow.workflow_id)

    def _reserve(self, document: Document, task_id: str) -> bool:
        """Make a message a task's; return False if it is another's, or was."""
        found: Document | None = document
        while found is not None:
            if found.body.get("takenBy") == task_id:
                return True
            fate = self._fate(found)
            if fate is _Fate.DELIVERED:
                self._ports.documents.delete(found.kind, found.name)
            if fate is not _Fate.FREE:
                return False
            until = int(str(found.body["expiresAt"]))
            taken = {**found.body, "takenBy": task_id}
            if self._ports.documents.replace(found, taken, expires_at=until):
                return True
            found = self._ports.documents.get(found.kind, found.name)
        return False

    def _fate(self, document: Document) -> _Fate:
        """Return what has become of a message, by the attempt that reserved it."""
        holder = document.body.get("takenBy")
        address = parse_task_id(str(holder))
        if address is None:
            return _Fate.FREE
        try:
            attempt, _ = self._queries.attempt(address, str(holder))
        except NotFoundError:  # of a loop that forgets its turns
            return _Fate.DELIVERED
        if not attempt.status.is_terminal:
            return _Fate.RESERVED
        delivered = _ids(self._queries.content(attempt.output).get("messages"))
        return _Fate.DELIVERED if document.body["id"] in delivered else _Fate.FREE


def _messages(workflow: WorkflowState) -> str:
    """Return the kind of its messages: those of an earlier run are never seen again."""
    return f"messages/{workflow.workflow_id}/{workflow.run}"


def _waiting(workflow: WorkflowState) -> str:
    return f"waiting/{workflow.workflow_id}/{workflow.run}"


def _shown(document: Document) -> JsonObject:
    return {k: document.body[k] for k in ("id", "workflowId", "payload", "receivedAt")}


def _ids(messages: JsonValue) -> set[JsonValue]:
    listed = messages if isinstance(messages, list) else []
    return {message["id"] for message in listed if isinstance(message, dict)}


def _iso(at: EpochMillis) -> str:
    time = datetime.fromtimestamp(at / 1000, UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
