"""Tasks and workflows as DynamoDB items: a document, and beside it what conditions go by.

====  ===========================================================================
attr  holds
====  ===========================================================================
d     the document, see ``codec``
v     revision
fm    workflow: its format, see ``versions``; 1 if absent
i     task: what its id tells beyond its place
q     task: sequence
c     workflow: when it was created; sort key of the search indexes
nk    workflow: its name and a shard
fk    workflow: its status and a shard, if it ended badly
ck    workflow: its correlation id, if it has one
hk    workflow: its parent, if it has one
ds    workflow: shard of the index of due ones, while it is open or to be woken
dw    workflow: when to wake it
wi    workflow: how long its last wake waited
m, f  arrivals at a JOIN: the members, and those flagged
====  ===========================================================================
"""

from typing import Final

from dalsegno.models import EpochMillis
from dalsegno_state.aws import layout
from dalsegno_state.aws.codec import (
    decode_task,
    decode_workflow,
    encode_task,
    encode_workflow,
    pack,
    unpack,
)
from dalsegno_state.aws.table import Item, Value, key, number, number_of, text
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.versions import FORMAT, check_format, known
from dalsegno_state.writes import Arrivals

# Names and numbers of the attributes beside a task's document, its keys apart.
_TASK_OVERHEAD_BYTES: Final = 40
_WORKFLOW_OVERHEAD_BYTES: Final = 150


def task_key(workflow_id: str, ref: str) -> Item:
    """Return the key of a task's current attempt."""
    return key(layout.workflow_pk(workflow_id), layout.place_sk("T", ref))


def task_item(task: TaskState) -> Item:
    """Return the item of a task's current attempt. Raises ValueError. See ``encode_json``."""
    return _task_item(task, layout.place_sk("T", task.ref))


def attempt_item(task: TaskState) -> Item:
    """Return the item of an earlier attempt. Raises ValueError. See ``encode_json``."""
    return _task_item(task, layout.attempt_sk(task.ref, task.task_id))


def decoded_task(workflow_id: str, item: Item) -> TaskState:
    """Return the task of an item, current or earlier. Raises NewerVersionError."""
    with known(f"task {item['sk']['S']} of workflow {workflow_id}"):
        return decode_task(
            unpack(item["d"]),
            workflow_id,
            item["i"]["S"],
            revision=int(item["v"]["N"]),
            sequence=int(item["q"]["N"]),
        )


def workflow_key(workflow_id: str) -> Item:
    """Return the key of a workflow item."""
    return key(layout.workflow_pk(workflow_id), layout.WORKFLOW_SK)


def workflow_values(workflow: WorkflowState) -> dict[str, Value | None]:
    """Return the attributes of a workflow but its key and its wake; None for those it lacks.

    An index is written when an attribute of it changes. Of those here only ``fk`` ever does, and
    not when a workflow ends well.

    Raises:
        ValueError: See ``encode_json``.
    """
    workflow_id, status = workflow.workflow_id, workflow.status
    failure = layout.search_shard(status, workflow_id) if status in layout.FAILURES else None
    values = {
        "c": number(workflow.created_at),
        "nk": text(layout.search_shard(workflow.name, workflow_id)),
        "fk": _optional(failure),
        "ck": _optional(workflow.correlation_id and layout.name_key(workflow.correlation_id)),
        "hk": _optional(
            workflow.parent_workflow_id and layout.name_key(workflow.parent_workflow_id)
        ),
        "v": number(workflow.revision),
        "fm": number(FORMAT),
    }
    beside = sum(len(value["S"]) for value in values.values() if value and "S" in value)
    beside += len(layout.workflow_pk(workflow_id)) + _WORKFLOW_OVERHEAD_BYTES
    values["d"] = pack(encode_workflow(workflow), beside_bytes=beside)
    return values


def ended_values(workflow_id: str, ended_at: EpochMillis) -> dict[str, Value | None]:
    """Return what stands in the place of a wake once a workflow has ended."""
    shard = layout.shard_of(workflow_id, layout.DUE_SHARDS)
    return {"ds": text(f"{layout.ENDED}{shard}"), "dw": number(ended_at), "wi": None}


def wake_values(
    workflow_id: str, at: EpochMillis | None, interval_ms: int
) -> dict[str, Value | None]:
    """Return the attributes of a wake; None for those it lacks."""
    shard = str(layout.shard_of(workflow_id, layout.DUE_SHARDS))
    return {
        "ds": None if at is None else text(shard),
        "dw": None if at is None else number(at),
        "wi": number(interval_ms) if interval_ms else None,
    }


def workflow_item(workflow: WorkflowState) -> Item:
    """Return the item of a new workflow. Raises ValueError. See ``encode_json``."""
    wake_at = workflow.wake_at
    if wake_at is None and not workflow.status.is_terminal:
        wake_at = layout.NEVER
    values = {
        **workflow_values(workflow),
        **wake_values(workflow.workflow_id, wake_at, workflow.wake_interval_ms),
    }
    present = {name: value for name, value in values.items() if value is not None}
    return {**workflow_key(workflow.workflow_id), **present}


def decoded_workflow(item: Item) -> WorkflowState:
    """Return the workflow of an item. Raises NewerVersionError."""
    workflow_id = layout.workflow_id(item["pk"]["S"])
    check_format(f"workflow {workflow_id}", number_of(item, "fm") or FORMAT)
    is_listed = item.get("ds", {}).get("S", "").startswith(layout.ENDED)
    wake_at = None if is_listed else number_of(item, "dw")
    with known(f"workflow {workflow_id}"):
        return decode_workflow(
            unpack(item["d"]),
            workflow_id=workflow_id,
            revision=int(item["v"]["N"]),
            wake_at=None if wake_at == layout.NEVER else wake_at,
            wake_interval_ms=number_of(item, "wi") or 0,
        )


def decoded_arrivals(item: Item | None) -> Arrivals:
    """Return who arrived, according to an item."""
    return Arrivals(members=_numbers(item, "m"), flagged=_numbers(item, "f"))


def _numbers(item: Item | None, name: str) -> frozenset[int]:
    if item is None or name not in item:
        return frozenset()
    return frozenset(int(member) for member in item[name]["NS"])


def _optional(value: str | None) -> Value | None:
    return text(value) if value else None


def _task_item(task: TaskState, sk: str) -> Item:
    pk = layout.workflow_pk(task.workflow_id)
    token = layout.task_token(task.workflow_id, task.ref, task.task_id)
    beside_bytes = len(pk) + len(sk) + len(token) + _TASK_OVERHEAD_BYTES
    return {
        **key(pk, sk),
        "i": text(token),
        "v": number(task.revision),
        "q": number(task.sequence),
        "d": pack(encode_task(task), beside_bytes=beside_bytes),
    }
