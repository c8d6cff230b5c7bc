"""Callers whose token the gateway has checked, and whose roles one of its claims tells."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping

from pydantic_core import from_json

from dalsegno.errors import ForbiddenError
from dalsegno_functions.auth.roles import Identity, Role, read
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response


class JwtCallers:
    """See ``Callers``.

    Args:
        claim: Which one tells the roles: a list, or words with spaces between them.
        prefix: What a word begins with if it is a role of ours, in a claim shared with others.
    """

    def __init__(self, claim: str, prefix: str) -> None:
        self._claim = claim
        self._prefix = prefix

    def reception(self, _event: GatewayEvent) -> Response | None:
        """See ``Callers.reception``; tokens are had from their issuer."""
        return None

    def identities(self, event: GatewayEvent) -> tuple[Identity, ...]:
        """See ``Callers.identities``."""
        token = event["requestContext"].get("authorizer", {}).get("jwt")
        if token is None:
            raise ForbiddenError("the gateway has checked no token: is there another way in?")
        claims = token["claims"]
        subject = str(claims.get("sub", "the bearer of the token"))
        claim = claims.get(self._claim)
        if isinstance(claim, str) and claim.startswith("[") and claim.endswith("]"):
            claim = _members(claim, _claims_of(event).get(self._claim))
        found = tuple(self._found(subject, claim))
        if not found:
            roles = ", ".join(self._prefix + role for role in Role)
            raise ForbiddenError(
                f"the token gives no role: have its issuer put one of {roles} into its claim "
                f"{self._claim}, or name another claim in the setting jwtRoleClaim"
            )
        return found

    def _found(self, subject: str, claim: object) -> Iterator[Identity]:
        for word in _words(claim):
            if word.startswith(self._prefix):
                try:
                    yield read(subject, word.removeprefix(self._prefix))
                except ValueError:  # a word of somebody else's
                    continue


def _words(claim: object) -> list[str]:
    if isinstance(claim, list):
        return [str(member) for member in claim]
    return claim.split() if isinstance(claim, str) else []


def _members(shown: str, claim: object) -> list[str]:
    """Return the members of a list.

    API Gateway shows one as its members with spaces between them, in brackets, so that the group
    ``my admin`` looks like two groups. The token itself tells them apart.

    Args:
        shown: As the gateway shows the list.
        claim: As it is in the token.
    """
    if isinstance(claim, list):
        return [str(member) for member in claim]
    only = shown[1:-1]
    if " " in only:
        raise ForbiddenError(
            "the token's roles cannot be told apart: send it in the header Authorization"
        )
    return [only]


def _claims_of(event: GatewayEvent) -> Mapping[str, object]:
    """Return the claims of the token that the gateway has checked, as its issuer wrote them."""
    headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
    parts = headers.get("authorization", "").rpartition(" ")[2].split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = from_json(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
