"""Signed tokens that say which access key was shown, and until when that holds."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from dalsegno.models import EpochMillis

# The official SDKs ask for a new one after 45 minutes.
LIFETIME_MS: Final = 60 * 60_000

_VERSION: Final = "v1"


class TokenError(Exception):
    """A token that lets nobody in.

    Attributes:
        code: What Conductor's SDKs know it by; they ask for a new token on either.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Signer:
    """Issues tokens and recognizes its own."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def issue(self, key_id: str, now: EpochMillis) -> str:
        """Return a token for a key; ids of keys contain no dot."""
        claim = f"{_VERSION}.{key_id}.{now + LIFETIME_MS}"
        return f"{claim}.{self._signature(claim)}"

    def key_id(self, token: str, now: EpochMillis) -> str:
        """Return the id of the key that a token was issued for; raises ``TokenError``."""
        claim, _, signature = token.rpartition(".")
        expected = self._signature(claim)
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise TokenError("INVALID_TOKEN", "the token was not issued here")
        _, key_id, expires_at = claim.split(".")
        if now >= int(expires_at):
            raise TokenError("EXPIRED_TOKEN", "the token has expired")
        return key_id

    def _signature(self, claim: str) -> str:
        digest = hmac.new(self._secret, claim.encode("utf-8", "replace"), sha256).digest()
        return urlsafe_b64encode(digest).decode().rstrip("=")
