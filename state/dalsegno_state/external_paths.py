"""Paths at which clients store payloads by themselves: made here, and let no one out of there."""

import re
import uuid
from enum import StrEnum
from typing import Final

from dalsegno.errors import InvalidRequestError

# Where a server that keeps such payloads itself takes them in and gives them out.
LOCATION: Final = "/api/external-payload"

_PATH: Final = re.compile(r"(workflow|task)/(input|output)/[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


class ExternalOperation(StrEnum):
    """What a location is for."""

    READ = "READ"
    WRITE = "WRITE"


class PayloadType(StrEnum):
    """What a payload is of."""

    WORKFLOW_INPUT = "WORKFLOW_INPUT"
    WORKFLOW_OUTPUT = "WORKFLOW_OUTPUT"
    TASK_INPUT = "TASK_INPUT"
    TASK_OUTPUT = "TASK_OUTPUT"

    @property
    def folder(self) -> str:
        """What the paths of its payloads begin with."""
        return self.value.lower().replace("_", "/")


def new_path(payload_type: PayloadType, entropy: bytes) -> str:
    """Return a path that nobody else has or guesses; takes 16 bytes of entropy."""
    return f"{payload_type.folder}/{uuid.UUID(bytes=entropy[:16], version=4)}.json"


def is_path(path: str) -> bool:
    """Return whether a path is one of ours, and leads nowhere else."""
    return _PATH.fullmatch(path) is not None


def check_path(path: str, field: str) -> None:
    """Raise InvalidRequestError, which names the field, unless a path is one of ours."""
    if not is_path(path):
        raise InvalidRequestError(
            f"{field}: {path[:200]!r} is not a path of an external payload: take the one that "
            "GET /api/workflow/externalstoragelocation answers with"
        )
