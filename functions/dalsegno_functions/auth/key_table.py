"""Access keys in the table of definitions."""

import json
from typing import Final

from dalsegno_functions.auth.keys import AccessKey
from dalsegno_functions.auth.roles import Identity, Role
from dalsegno_state.aws.table import Item, Table, key, number, text

KEYS_PK: Final = "KEYS"
_MOST_CHARACTERS: Final = 100


class DynamoAccessKeys:
    """See ``AccessKeys``."""

    def __init__(self, definitions: Table) -> None:
        self._table = definitions

    def key(self, key_id: str) -> AccessKey | None:
        """See ``AccessKeys.key``."""
        if not 0 < len(key_id) <= _MOST_CHARACTERS:
            return None
        item = self._table.get(key(KEYS_PK, key_id))
        return None if item is None else _key_of(item)

    def keys(self) -> list[AccessKey]:
        """See ``AccessKeys.keys``."""
        return [_key_of(item) for item in self._table.under(KEYS_PK)]

    def add(self, access_key: AccessKey) -> None:
        """See ``AccessKeys.add``."""
        identity = access_key.identity
        self._table.put(
            {
                **key(KEYS_PK, identity.caller),
                "h": text(access_key.secret_hash),
                "r": text(identity.role),
                "t": text(json.dumps(sorted(identity.task_types))),
                "c": number(access_key.created_at),
                "n": text(access_key.note),
            }
        )

    def revoke(self, key_id: str) -> bool:
        """See ``AccessKeys.revoke``."""
        return self._table.delete(key(KEYS_PK, key_id)) is not None


def _key_of(item: Item) -> AccessKey:
    return AccessKey(
        identity=Identity(
            caller=item["sk"]["S"],
            role=Role(item["r"]["S"]),
            task_types=frozenset(json.loads(item["t"]["S"])),
        ),
        secret_hash=item["h"]["S"],
        created_at=int(item["c"]["N"]),
        note=item["n"]["S"],
    )
