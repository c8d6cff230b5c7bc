"""What each role may ask of the API, told by method and path alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What an access key is for."""

    ADMIN = "admin"
    """Everything."""
    OPERATOR = "operator"
    """Starts, signals, repairs and ends workflows; does not change definitions."""
    WORKER = "worker"
    """Polls, reports and logs, of its task types only."""
    READER = "reader"
    """Reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls.

    Attributes:
        task_types: WORKER: those it works on; all if empty.
    """

    key_id: str
    role: Role
    task_types: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Allowed:
    """The request may go on."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The role does not include this."""


@dataclass(frozen=True, slots=True)
class OfType:
    """The request may go on if the worker works on this type."""

    task_type: str


@dataclass(frozen=True, slots=True)
class OfTask:
    """The request may go on if the worker works on the type of this task; None: as in the body."""

    task_id: str | None


Verdict = Allowed | Refused | OfType | OfTask

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def verdict(role: Role, method: str, segments: Sequence[str]) -> Verdict:
    """Return whether a role includes a request, or what that depends on.

    The segments are those of the path, decoded.
    """
    is_poll = list(segments[:3]) == ["api", "tasks", "poll"]
    match role:
        case Role.ADMIN:
            return Allowed()
        case Role.OPERATOR:
            return Refused() if _changes_definitions(method, segments) else Allowed()
        case Role.READER:
            is_read = method in _READS and not is_poll and not _steers_schedules(segments)
            return Allowed() if is_read else Refused()
        case Role.WORKER:
            return _of_worker(method, list(segments))


def _changes_definitions(method: str, segments: Sequence[str]) -> bool:
    """Return whether a request changes what runs rather than whether it runs."""
    match list(segments):
        case ["api", "metadata", *_]:
            return method not in _READS
        case ["api", "scheduler", "schedules", *_]:
            return method in {"POST", "DELETE"}
        case _:
            return False


def _steers_schedules(segments: Sequence[str]) -> bool:
    """Return whether a path changes something even by GET, which is how Conductor has it."""
    match list(segments):
        case ["api", "scheduler", "admin", _] | ["api", "scheduler", _, _, "pause" | "resume"]:
            return True
        case _:
            return False


def _of_worker(method: str, segments: list[str]) -> Verdict:
    match (method, segments):
        case ("GET", ["api", "tasks", "poll", "batch", task_type]):
            return OfType(task_type)
        case ("GET", ["api", "tasks", "poll", task_type]):
            return OfType(task_type)
        case ("GET", ["api", "tasks", "externalstoragelocation" | "external-storage-location"]):
            return Allowed()
        case ("POST", ["api", "tasks"] | ["api", "tasks", "update-v2"]):
            return OfTask(None)
        case ("GET" | "POST", ["api", "tasks", task_id, "log"]):
            return OfTask(task_id)
        case ("GET", ["api", "tasks", task_id]):
            return OfTask(task_id)
        case _:
            return Refused()
