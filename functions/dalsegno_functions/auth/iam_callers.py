"""Callers whose signature AWS has checked, and whose roles the deployment's settings tell."""

import re
from collections.abc import Iterable
from typing import Final

from dalsegno.errors import ForbiddenError
from dalsegno_functions.auth.roles import Identity, read
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response
from dalsegno_state.conditions import matches_wildcards

_ROLE: Final = re.compile(r"(arn:[^:]+:iam::[^:]*:role/)(?:.*/)?([^/]+)")
_SESSION: Final = re.compile(r"(arn:[^:]+):sts::([^:]*):assumed-role/([^/]+)/.*")


class IamCallers:
    """See ``Callers``.

    Args:
        roles: Addresses of IAM roles and users, ``*`` for any characters, each with the role
            they have here, as ``roles.read`` takes it.

    Raises:
        ValueError: One of them makes no sense.
    """

    def __init__(self, roles: Iterable[tuple[str, str]]) -> None:
        self._roles = [(without_path(address), read(address, role)) for address, role in roles]

    def reception(self, _event: GatewayEvent) -> Response | None:
        """See ``Callers.reception``; a signature is all there is to show."""
        return None

    def identities(self, event: GatewayEvent) -> tuple[Identity, ...]:
        """See ``Callers.identities``."""
        caller = event["requestContext"].get("authorizer", {}).get("iam")
        if caller is None:
            raise ForbiddenError("AWS has checked no signature: is there another way in?")
        address = principal_of(caller["userArn"])
        found = tuple(
            Identity(caller=address, role=known.role, task_types=known.task_types)
            for pattern, known in self._roles
            if matches_wildcards(address, pattern)
        )
        if not found:
            raise ForbiddenError(
                f"{address} has no role: give it one in the setting iamRoles, "
                "or with a grant of the construct Dalsegno"
            )
        return found


def principal_of(user_arn: str) -> str:
    """Return who calls; for a session of a role, the role, without its path, which AWS drops."""
    session = _SESSION.fullmatch(user_arn)
    if session is None:
        return user_arn
    return f"{session[1]}:iam::{session[2]}:role/{session[3]}"


def without_path(address: str) -> str:
    """Return an address as its principals tell it: that of a role without its path.

    Raises:
        ValueError: It names a path and many roles: which path a role has is not to be seen.
    """
    role = _ROLE.fullmatch(address)
    if role is None:
        return address
    shown = role[1] + role[2]
    if "*" in address and address != shown:
        raise ValueError(
            f"{address}: the path of a role is not to be seen in its sessions; "
            f"write {shown}, or name the role without *"
        )
    return shown
