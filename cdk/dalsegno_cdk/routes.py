"""The routes of each role, as IAM tells them apart."""

from collections.abc import Sequence
from typing import Final

from dalsegno_functions.auth.roles import Role

Routes = list[tuple[str, str]]
"""Methods and paths; ``*`` stands for any characters, slashes included."""

_EVERYTHING: Final = [("*", "/*")]
# The beginning of every id, which that of a poll's path does not look like.
_TASK_ID: Final = "????????-????-????-????-????????????.*"
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def routes_of(role: Role, task_types: Sequence[str] = ()) -> Routes:
    """Return what a role needs to call.

    It is the outer fence: as IAM's ``*`` goes across slashes, only the functions can tell all of
    what a role includes.
    """
    match role:
        case Role.ADMIN | Role.OPERATOR:
            return _EVERYTHING
        case Role.READER:
            return [("GET", "/*")]
        case Role.STARTER:
            return [
                ("POST", "/api/workflow"),
                ("POST", "/api/workflow/*"),
                ("GET", "/api/workflow/*"),
            ]
        case Role.WORKER:
            return [
                *_polls(task_types or ["*"]),
                ("POST", "/api/tasks"),
                ("POST", "/api/tasks/update-v2"),
                ("POST", "/api/tasks/waiting"),
                ("POST", "/api/tasks/*/log"),
                ("GET", f"/api/tasks/{_TASK_ID}"),
                ("GET", "/api/tasks/externalstoragelocation"),
                ("GET", "/api/tasks/external-storage-location"),
            ]


def _polls(task_types: Sequence[str]) -> Routes:
    segments = ["".join(c if c in _PLAIN else "*" for c in name) for name in task_types]
    return [
        ("GET", f"/api/tasks/poll/{path}")
        for segment in segments
        for path in (segment, f"batch/{segment}")
    ]
