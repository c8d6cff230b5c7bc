"""Access keys: an id and a secret that is stored nowhere but with who was given it."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from dalsegno.models import EpochMillis
from dalsegno_functions.auth.roles import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """An access key as it is stored.

    Attributes:
        secret_hash: SHA-256 of the secret, which is as random as a key: there is nothing to guess.
        note: What it is for.
    """

    identity: Identity
    secret_hash: str
    created_at: EpochMillis
    note: str = ""

    def is_opened_by(self, secret: str) -> bool:
        """Return whether this is its secret."""
        return hmac.compare_digest(self.secret_hash, hash_of(secret))


class AccessKeys(Protocol):
    """Where access keys are kept."""

    def key(self, key_id: str) -> AccessKey | None:
        """Return a key, or None if there is none, or none any more."""
        ...

    def keys(self) -> list[AccessKey]:
        """Return all keys, ordered by id."""
        ...

    def add(self, key: AccessKey) -> None:
        """Keep a key, replacing the one of that id."""
        ...

    def revoke(self, key_id: str) -> bool:
        """Forget a key; return whether there was one."""
        ...


def hash_of(secret: str) -> str:
    """Return what is stored of a secret."""
    return sha256(secret.encode("utf-8", "replace")).hexdigest()
