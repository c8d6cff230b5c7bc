"""Callers whose token the gateway has checked, and whose roles one of its claims tells."""

from collections.abc import Iterator

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
        found = tuple(self._found(subject, claims.get(self._claim)))
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
    if not isinstance(claim, str):
        return []
    # API Gateway shows a list as its members with spaces between them, in brackets.
    is_list = claim.startswith("[") and claim.endswith("]")
    return (claim[1:-1] if is_list else claim).split()
