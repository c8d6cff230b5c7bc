"""Ids: workflows sort by time, tasks name their place, children follow from their parents."""

import base64
import binascii
import hashlib
import uuid
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from dalsegno.models import EpochMillis

_MAX_NESTED_LOOPS: Final = 100

EVALUATOR_QUEUE = "_evaluator"
# Tasks that system workers do, but for those that make HTTP calls: these have a queue of their own.
SYSTEM_QUEUE = "_system"
# Events for event handlers: see ``publishing.py`` and ``effects/event.py``.
EVENTS_QUEUE = "_events"


@dataclass(frozen=True, slots=True)
class TaskAddress:
    """What a task id says: the workflow, its run, the attempt and the full reference name."""

    workflow_id: str
    run: int
    retry_count: int
    ref: str


def workflow_id(now: EpochMillis, entropy: bytes) -> str:
    """Return a UUID of version 7 (RFC 9562): milliseconds first, then ten bytes of entropy."""
    raw = bytearray(now.to_bytes(6, "big") + entropy[:10])
    raw[6] = 0x70 | (raw[6] & 0x0F)
    raw[8] = 0x80 | (raw[8] & 0x3F)
    return str(uuid.UUID(bytes=bytes(raw)))


def child_workflow_id(task_id: str, now: EpochMillis) -> str:
    """Return the one id of the workflow that a task attempt starts, whoever starts it.

    ``now`` must be stored with the task (its scheduled time), so that it never differs.
    """
    return workflow_id(now, hashlib.sha256(task_id.encode()).digest())


def triggered_workflow_id(identity: str, at: EpochMillis) -> str:
    """Return the one id of the workflow that an event or a schedule starts, whenever it arrives.

    ``identity`` and ``at`` must be the same in all deliveries: those of the occasion, not of them.
    """
    return workflow_id(at, hashlib.sha256(b"trigger\0" + identity.encode()).digest())


def task_id(workflow_id: str, run: int, retry_count: int, ref: str) -> str:
    """Return the opaque, URL-safe id of one attempt of one task."""
    place = base64.urlsafe_b64encode(ref.encode("utf-8", "surrogatepass")).decode().rstrip("=")
    return f"{workflow_id}.{run}.{retry_count}.{place}"


def parse_task_id(text: str) -> TaskAddress | None:
    """Return what a task id says, or None if it is not one of ours."""
    parts = text.split(".")
    if len(parts) != 4 or not (parts[1].isascii() and parts[1].isdigit()):
        return None
    try:
        padded = parts[3] + "=" * (-len(parts[3]) % 4)
        ref = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        return TaskAddress(parts[0], int(parts[1]), int(parts[2]), ref)
    except (binascii.Error, ValueError):
        return None


def full_ref(base_ref: str, iterations: tuple[int, ...]) -> str:
    """Return a reference name with its iteration suffixes, such as ``charge__2``."""
    return "".join([base_ref, *(f"__{iteration}" for iteration in iterations)])


def turn_of(ref: str, looped: AbstractSet[str]) -> str | None:
    """Return which of the tasks in loops has ``ref`` as its full reference in some turn."""
    base = ref
    for _ in range(_MAX_NESTED_LOOPS):
        base, marker, number = base.rpartition("__")
        if not (marker and number.isascii() and number.isdigit()):
            return None
        if base in looped:
            return base
    return None
