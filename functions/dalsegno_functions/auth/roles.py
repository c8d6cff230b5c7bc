"""What each role may ask of the API, told by method and path alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote


class Role(StrEnum):
    """What a caller is there for."""

    ADMIN = "admin"
    """Everything."""
    OPERATOR = "operator"
    """Starts, signals, repairs and ends workflows; neither changes definitions, nor reads secrets
    or changes them."""
    STARTER = "starter"
    """Starts workflows and reads them."""
    WORKER = "worker"
    """Polls, reports and logs, of its task types only."""
    READER = "reader"
    """Reads, but nothing of secrets, not even their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who calls, and as what.

    Attributes:
        caller: Id of the access key, subject of the token, or address of the IAM principal.
        task_types: WORKER: those it works on; all if empty.
    """

    caller: str
    role: Role
    task_types: frozenset[str] = frozenset()


def written(role: Role, task_types: Sequence[str] = ()) -> str:
    """Return a role as tokens and settings write it: ``worker:charge_card,send_mail``.

    What would not be read back as part of a task type is percent-encoded.
    """
    types = ",".join(quote(task_type, safe="") for task_type in task_types)
    return f"{role}:{types}" if types else role.value


def read(caller: str, text: str) -> Identity:
    """Return who it is that has a role which is written like this.

    Raises:
        ValueError: There is no such role, or one that has no task types names some.
    """
    name, colon, types = text.partition(":")
    role = Role(name)
    if colon and role is not Role.WORKER:
        raise ValueError(f"{text!r}: only the role worker is for task types")
    task_types = frozenset(unquote(task_type) for task_type in types.split(",") if task_type)
    if colon and not task_types:
        raise ValueError(f"{text!r} names no task types; write worker if it is to have all")
    return Identity(caller=caller, role=role, task_types=task_types)


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
    """The request may go on if the worker works on the type of this task."""

    task_id: str


@dataclass(frozen=True, slots=True)
class OfBody:
    """The request may go on if the worker works on the types of all tasks that its body names."""


@dataclass(frozen=True, slots=True)
class OfLocation:
    """The request may go on if the role may use the location of a payload that it asks for."""


Verdict = Allowed | Refused | OfType | OfTask | OfBody | OfLocation

_LOCATIONS: Final = ("externalstoragelocation", "external-storage-location")
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def verdict(role: Role, method: str, segments: Sequence[str]) -> Verdict:
    """Return whether a role includes a request, or what that depends on.

    The segments are those of the path, decoded.
    """
    asked = list(segments)
    match role:
        case Role.ADMIN:
            return Allowed()
        case Role.OPERATOR:
            is_refused = _changes_definitions(method, asked) or _shows_secrets(method, asked)
            return Refused() if is_refused else Allowed()
        case Role.STARTER:
            return Allowed() if _starts(method, asked) else Refused()
        case Role.READER if _is_location(asked):
            return OfLocation() if method in _READS else Refused()
        case Role.READER:
            is_read = method in _READS and not steers(asked) and not _is_of_secrets(asked)
            return Allowed() if is_read else Refused()
        case Role.WORKER:
            return _of_worker(method, asked)


def _is_location(segments: list[str]) -> bool:
    """Return whether a path gives URLs to put and fetch payloads at."""
    match segments:
        case ["api", "workflow" | "tasks", name]:
            return name in _LOCATIONS
        case _:
            return False


def _is_of_secrets(segments: list[str]) -> bool:
    return segments[1:2] in (["secrets"], ["secrets-v2"])


def _shows_secrets(method: str, segments: list[str]) -> bool:
    """Return whether a request shows the value of a secret, or changes one."""
    match segments:
        case ["api", "secrets"]:
            return False  # SDKs list names with a POST
        case ["api", "secrets", "v2"] | ["api", "secrets", _, "exists" | "tags"]:
            return method not in _READS
        case _:
            return segments[:2] == ["api", "secrets"]


def _starts(method: str, segments: list[str]) -> bool:
    match (method, segments):
        case ("POST", ["api", "workflow"] | ["api", "workflow", _]):
            return True
        case ("POST", ["api", "workflow", "execute" | "start", *_]):
            return True
        case (method, ["api", "workflow", *_]):
            return method in _READS
        case _:
            return False


def _changes_definitions(method: str, segments: list[str]) -> bool:
    """Return whether a request changes what runs rather than whether it runs."""
    match segments:
        case ["api", "metadata" | "environment" | "schema", *_]:
            return method not in _READS
        case ["api", "scheduler", "schedules", *_]:
            return method in {"POST", "DELETE"}
        case ["api", "event", "handleIncomingEvent"]:
            return method != "POST"
        case ["api", "event", *_]:
            return method not in _READS
        case _:
            return False


def steers(segments: list[str]) -> bool:
    """Return whether a path changes something even by GET, which is how Conductor has it."""
    match segments:
        case ["api", "tasks", "poll", *_] | ["api", "workflow", "execute", *_]:
            return True
        case ["api", "files", _, _, "upload-url"] | ["api", "files", _, _, "multipart", *_]:
            return True
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
        case ("GET", ["api", "tasks", name]) if name in _LOCATIONS:
            return OfLocation()
        case ("POST", ["api", "tasks"] | ["api", "tasks", "update-v2" | "waiting"]):
            return OfBody()
        case ("GET" | "POST", ["api", "tasks", task_id, "log"]):
            return OfTask(task_id)
        case ("GET", ["api", "tasks", "search" | "search-v2"]):
            return Refused()
        case ("GET", ["api", "tasks", task_id]):
            return OfTask(task_id)
        case _:
            return Refused()
