"""Task and workflow items as short JSON documents.

DynamoDB charges writes by the whole KB, so that a task with inputs and outputs of 300 bytes each
should stay under one: names are one to three letters, fields that hold their default or repeat
another are left out, and what would not fit into the first KB is compressed if that helps. Fields
of a newer version, whose names are not known here, are kept as they are and written back.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_state.aws.layout import task_id_of
from dalsegno_state.execution import Membership, Operation, PayloadRef, TaskState, WorkflowState
from dalsegno_state.expressions import SECRETS_PREFIX, put_secrets, secret_places
from dalsegno_state.ids import full_ref
from dalsegno_state.ports import NotJsonError

if TYPE_CHECKING:
    from dalsegno_state.aws.table import Value

Document: TypeAlias = dict[str, Any]

TASK_NAMES: Final = {
    "ref": "f",
    "base_ref": "b",
    "iterations": "n",
    "task_type": "t",
    "name": "m",
    "status": "s",
    "position": "p",
    "retry_count": "r",
    "input": "in",
    "output": "out",
    "scheduled_at": "a",
    "first_scheduled_at": "fa",
    "started_at": "sa",
    "ended_at": "ea",
    "updated_at": "ua",
    "start_delay_seconds": "sd",
    "callback_after_seconds": "cb",
    "poll_count": "pc",
    "worker_id": "w",
    "domain": "dm",
    "reason": "re",
    "retried_task_id": "rt",
    "sub_workflow_id": "sw",
    "turn": "tu",
    "wait_until": "wu",
    "node": "no",
    "root": "ro",
    "membership": "mb",
    "cache_key": "ck",
    "unpublished": "up",
    "ends_workflow": "ew",
    "external_output_path": "xo",
    "external_input_path": "xi",
    "take_overs": "to",
}
WORKFLOW_NAMES: Final = {
    "name": "m",
    "version": "ve",
    "definition_hash": "h",
    "status": "s",
    "run": "r",
    "input": "in",
    "output": "out",
    "variables": "va",
    "created_at": "ca",
    "updated_at": "ua",
    "ended_at": "ea",
    "last_retried_at": "la",
    "correlation_id": "co",
    "priority": "p",
    "task_to_domain": "td",
    "created_by": "cr",
    "owner_app": "ow",
    "idempotency_key": "ik",
    "event": "ev",
    "parent_workflow_id": "pw",
    "parent_task_id": "pt",
    "depth": "de",
    "generation": "ge",
    "followers": "fw",
    "rerun_from_workflow_id": "rf",
    "external_input_path": "xi",
    "reason": "re",
    "failed_task_id": "ft",
    "failed_refs": "fr",
    "rate_limit_key": "rk",
    "rate_limited": "rl",
    "operation": "op",
    "unpublished": "up",
    "closing": "cl",
    "archived": "ar",
    "classifier": "cf",
    "masks_payloads": "mp",
    "applied_actions": "aa",
}
# Kept in attributes of their own, because a condition or an order goes by them.
TASK_BESIDE: Final = frozenset({"workflow_id", "task_id", "revision", "sequence"})
WORKFLOW_BESIDE: Final = frozenset({"workflow_id", "revision", "wake_at", "wake_interval_ms"})
# A field that holds what another holds, as most do, is left out as if that were its default.
_TASK_ECHOES: Final = {"name": "task_type", "first_scheduled_at": "scheduled_at"}

_PAYLOADS: Final = ("input", "output")
_REFERENCE: Final = "*"
_SECRETS: Final = "sx"
_WITH_SECRETS: Final = tuple(WORKFLOW_NAMES[name] for name in (*_PAYLOADS, "variables"))
_KB: Final = 1024

_UNICODE: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_ASCII: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


class _Shape:
    """How the fields of a dataclass are named in its document, and which may be left out."""

    def __init__(
        self,
        cls: type[TaskState] | type[WorkflowState],
        names: Mapping[str, str],
        echoes: Mapping[str, str],
    ) -> None:
        defaults = {
            field.name: field.default
            if field.default_factory is MISSING
            else field.default_factory()
            for field in fields(cls)
        }
        self._fields = [(name, short, defaults[name]) for name, short in names.items()]
        self._echoes = echoes
        self._long = {short: name for name, short in names.items()}
        self._long |= {names[name] + _REFERENCE: name + _REFERENCE for name in _PAYLOADS}

    def shorten(self, item: TaskState | WorkflowState) -> Document:
        """Return the fields that must be told, under their short names."""
        document: Document = dict(item.unread)
        for name, short, default in self._fields:
            value = getattr(item, name)
            if name in self._echoes:
                default = getattr(item, self._echoes[name])
            if type(value) is PayloadRef:
                document[short + _REFERENCE] = value.parts()
            elif value != default:
                document[short] = value
        return document

    def lengthen(self, document: Document) -> Document:
        """Return the fields of a document under their own names."""
        put_secrets(document, document.pop(_SECRETS, ()))
        values = {self._long[k]: value for k, value in document.items() if k in self._long}
        if len(values) < len(document):
            values["unread"] = {k: v for k, v in document.items() if k not in self._long}
        for name, echoed in self._echoes.items():
            values.setdefault(name, values[echoed])
        for name in _PAYLOADS:
            reference = values.pop(name + _REFERENCE, None)
            if reference is not None:
                values[name] = PayloadRef.of(*reference)
        return values


_TASK: Final = _Shape(TaskState, TASK_NAMES, _TASK_ECHOES)
_WORKFLOW: Final = _Shape(WorkflowState, WORKFLOW_NAMES, {})


def encode_json(value: Any) -> str:
    """Return compact JSON text.

    Raises:
        NotJsonError: The value holds NaN, an infinity, or is nested too deeply.
    """
    try:
        encoded = _UNICODE.encode(value)
        if not encoded.isascii():
            encoded.encode()
    except UnicodeEncodeError:  # half a surrogate pair is legal in JSON, if escaped
        return _ASCII.encode(value)
    except RecursionError as error:
        raise NotJsonError("the JSON value is nested too deeply to be stored") from error
    except ValueError as error:
        raise NotJsonError("a number is too large for JSON, or is none") from error
    return encoded


def encode_task(task: TaskState) -> str:
    """Return a task's document. Raises ValueError. See ``encode_json``."""
    document = _TASK.shorten(task)
    if task.ref == full_ref(task.base_ref, task.iterations):
        del document[TASK_NAMES["ref"]]
    if task.membership is not None:
        member = task.membership
        document[TASK_NAMES["membership"]] = (member.join_ref, member.index, member.size)
    return _encoded(document, task.unread)


def decode_task(document: str, workflow_id: str, token: str, **beside: Any) -> TaskState:
    """Return the task of a document and of the fields ``TASK_BESIDE`` it.

    ``token`` is what ``layout.task_token`` made of its id.
    """
    values = _TASK.lengthen(json.loads(document))
    values["status"] = TaskStatus(values["status"])
    for name in ("iterations", "unpublished"):
        if name in values:
            values[name] = tuple(values[name])
    if "membership" in values:
        join_ref, index, size = values["membership"]
        values["membership"] = Membership(join_ref=join_ref, index=index, size=size)
    ref = values.setdefault("ref", full_ref(values["base_ref"], values.get("iterations", ())))
    task_id = task_id_of(workflow_id, ref, token)
    return TaskState(**values, **beside, workflow_id=workflow_id, task_id=task_id)


def encode_workflow(workflow: WorkflowState) -> str:
    """Return a workflow's document, without its wake. Raises ValueError. See ``encode_json``."""
    document = _WORKFLOW.shorten(workflow)
    if workflow.operation is not None:
        operation = (workflow.operation.kind, workflow.operation.arguments)
        document[WORKFLOW_NAMES["operation"]] = operation
    return _encoded(document, workflow.unread)


def decode_workflow(document: str, **beside: Any) -> WorkflowState:
    """Return the workflow of a document and of the fields ``WORKFLOW_BESIDE`` it."""
    values = _WORKFLOW.lengthen(json.loads(document))
    values["status"] = WorkflowStatus(values["status"])
    for name in ("failed_refs", "followers", "unpublished", "applied_actions"):
        if name in values:
            values[name] = tuple(values[name])
    if "operation" in values:
        kind, arguments = values["operation"]
        values["operation"] = Operation(kind=kind, arguments=arguments)
    return WorkflowState(**values, **beside)


def _encoded(document: Document, unread: Document) -> str:
    """Return a document as text, with a list of its references to secrets if it has any."""
    text = encode_json(document)
    if SECRETS_PREFIX in text:
        looked_into = (*_WITH_SECRETS, *unread)
        places = secret_places({k: document[k] for k in looked_into if k in document})
        if places:
            return encode_json({**document, _SECRETS: places})
    return text


def pack(document: str, *, beside_bytes: int = 0) -> "Value":
    """Return a document as an attribute: plain if it fits into the first KB, else compressed.

    ``beside_bytes`` is what the rest of the item takes.
    """
    plain = document.encode()
    if len(plain) + beside_bytes <= _KB:
        return {"S": document}
    packed = zlib.compress(plain)
    return {"B": packed} if len(packed) < len(plain) else {"S": document}


def unpack(value: "Value") -> str:
    """Return the document that ``pack`` made an attribute of."""
    return zlib.decompress(value["B"]).decode() if "B" in value else value["S"]
