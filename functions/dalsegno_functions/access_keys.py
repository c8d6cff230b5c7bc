"""Makes access keys."""

import secrets
from collections.abc import Iterable
from typing import Final

from dalsegno.models import EpochMillis
from dalsegno_functions.auth.keys import AccessKey, AccessKeys, hash_of
from dalsegno_functions.auth.roles import Identity, Role

_ID_BYTES: Final = 8
_SECRET_BYTES: Final = 32


def create(
    keys: AccessKeys, role: Role, task_types: Iterable[str], note: str, *, now: EpochMillis
) -> tuple[str, str]:
    """Store a new key; return its id and its secret, which is not to be had again."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(_SECRET_BYTES)
    identity = Identity(caller=key_id, role=role, task_types=frozenset(task_types))
    keys.add(AccessKey(identity=identity, secret_hash=hash_of(secret), created_at=now, note=note))
    return key_id, secret
