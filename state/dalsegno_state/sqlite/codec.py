"""Task and workflow items as JSON documents.

Hand-made because every step encodes and decodes several: fields that hold their default are
left out. A payload reference gets a key of its own, so no user's JSON can look like one. Fields of
a newer version, which are not known here, are kept as they are and written back.
"""

import json
from dataclasses import MISSING, fields
from operator import attrgetter
from typing import Any, Final, TypeAlias

from dalsegno.models import EpochMillis, JsonValue, TaskStatus, WorkflowStatus
from dalsegno_state.execution import Membership, Operation, PayloadRef, TaskState, WorkflowState
from dalsegno_state.expressions import SECRETS_PREFIX, put_secrets, secret_places
from dalsegno_state.ports import NotJsonError
from dalsegno_state.versions import known

Document: TypeAlias = dict[str, Any]

_REF_SUFFIX: Final = "_ref"
_PAYLOADS: Final = ("input", "output")
_SECRETS: Final = "secrets"
_WITH_SECRETS: Final = (*_PAYLOADS, "variables")
_BESIDE_THE_DOCUMENT: Final = frozenset({"wake_at", "wake_interval_ms", "unread"})

_UNICODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_DECODER: Final = json.JSONDecoder()

_TASK_STATUSES: Final = {status.value: status for status in TaskStatus}
_WORKFLOW_STATUSES: Final = {status.value: status for status in WorkflowStatus}


class _Fields:
    """The fields of a dataclass with their defaults."""

    def __init__(self, cls: type[TaskState] | type[WorkflowState]) -> None:
        stored = [field for field in fields(cls) if field.name not in _BESIDE_THE_DOCUMENT]
        self._names = [field.name for field in stored]
        self._known = frozenset(self._names)
        self._values = attrgetter(*self._names)
        self._defaults: list[object] = [
            field.default if field.default_factory is MISSING else field.default_factory()
            for field in stored
        ]

    def changed(self, item: TaskState | WorkflowState) -> Document:
        """Return the fields that do not hold their default."""
        values: tuple[object, ...] = self._values(item)
        return {
            name: value
            for name, value, default in zip(self._names, values, self._defaults, strict=True)
            if value != default
        }

    def set_unread_apart(self, document: Document) -> None:
        """Move the fields of a document that are not known under the name ``unread``."""
        if not document.keys() <= self._known:
            unread = [name for name in document if name not in self._known]
            document["unread"] = {name: document.pop(name) for name in unread}


_TASK: Final = _Fields(TaskState)
_WORKFLOW: Final = _Fields(WorkflowState)


def encode_json(value: JsonValue | Document) -> str:
    """Return compact JSON text.

    Raises:
        NotJsonError: The value holds NaN, an infinity, or is nested too deeply.
    """
    try:
        text = _UNICODE.encode(value)
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:  # half a surrogate pair is legal in JSON, if escaped
        return _ASCII.encode(value)
    except RecursionError as error:
        raise NotJsonError("the JSON value is nested too deeply to be stored") from error
    except ValueError as error:
        raise NotJsonError("a number is too large for JSON, or is none") from error
    return text


def decode_json(text: str) -> Any:
    """Return the value of JSON text made by ``encode_json``."""
    return _DECODER.decode(text)


def encode_task(task: TaskState) -> str:
    """Return a task's document. Raises ValueError. See ``encode_json``."""
    document = _TASK.changed(task)
    _mark_references(document)
    if task.membership is not None:
        member = task.membership
        document["membership"] = (member.join_ref, member.index, member.size)
    return _encoded(document, task.unread)


def decode_task(text: str) -> TaskState:
    """Return the task of a document. Raises NewerVersionError."""
    with known("a task"):
        return _decoded_task(_DECODER.decode(text))


def _decoded_task(document: Document) -> TaskState:
    put_secrets(document, document.pop(_SECRETS, ()))
    _resolve_references(document)
    _TASK.set_unread_apart(document)
    document["status"] = _TASK_STATUSES[document["status"]]
    for name in ("iterations", "unpublished"):
        if name in document:
            document[name] = tuple(document[name])
    if "membership" in document:
        join_ref, index, size = document["membership"]
        document["membership"] = Membership(join_ref=join_ref, index=index, size=size)
    return TaskState(**document)


def encode_workflow(workflow: WorkflowState) -> str:
    """Return a workflow's document, without its wake. Raises ValueError. See ``encode_json``."""
    document = _WORKFLOW.changed(workflow)
    _mark_references(document)
    if workflow.operation is not None:
        document["operation"] = (workflow.operation.kind, workflow.operation.arguments)
    return _encoded(document, workflow.unread)


def decode_workflow(text: str, wake_at: EpochMillis | None, wake_interval_ms: int) -> WorkflowState:
    """Return the workflow of a document, with the wake that is kept beside it.

    Raises:
        NewerVersionError: It cannot be read.
    """
    with known("a workflow"):
        return _decoded_workflow(_DECODER.decode(text), wake_at, wake_interval_ms)


def _decoded_workflow(
    document: Document, wake_at: EpochMillis | None, wake_interval_ms: int
) -> WorkflowState:
    put_secrets(document, document.pop(_SECRETS, ()))
    _resolve_references(document)
    _WORKFLOW.set_unread_apart(document)
    document["status"] = _WORKFLOW_STATUSES[document["status"]]
    for name in ("failed_refs", "followers", "unpublished", "applied_actions"):
        if name in document:
            document[name] = tuple(document[name])
    if "operation" in document:
        kind, arguments = document["operation"]
        document["operation"] = Operation(kind=kind, arguments=arguments)
    return WorkflowState(**document, wake_at=wake_at, wake_interval_ms=wake_interval_ms)


def iteration_key(iterations: tuple[int, ...]) -> str:
    """Return a text that sorts as the numbers do."""
    return ".".join(f"{iteration:010d}" for iteration in iterations)


def _encoded(document: Document, unread: Document) -> str:
    """Return a document as text, with a list of its references to secrets if it has any."""
    document |= unread
    text = encode_json(document)
    if SECRETS_PREFIX in text:
        looked_into = (*_WITH_SECRETS, *unread)
        places = secret_places({k: document[k] for k in looked_into if k in document})
        if places:
            return encode_json({**document, _SECRETS: places})
    return text


def _mark_references(document: Document) -> None:
    for name in _PAYLOADS:
        payload = document.get(name)
        if type(payload) is PayloadRef:
            del document[name]
            document[name + _REF_SUFFIX] = payload.parts()


def _resolve_references(document: Document) -> None:
    for name in _PAYLOADS:
        reference = document.pop(name + _REF_SUFFIX, None)
        if reference is not None:
            document[name] = PayloadRef.of(*reference)
