"""Named values in SQLite: secrets, and the environment of expressions."""

from typing import Final

from dalsegno.models import JsonValue
from dalsegno_state.sqlite.codec import decode_json, encode_json
from dalsegno_state.sqlite.database import Database

_SECRET: Final = "secret"  # noqa: S105  (a kind of value, not a value)
_ENVIRONMENT: Final = "environment"

_PUT: Final = """
    INSERT INTO named_values(kind, name, document) VALUES (?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET document = excluded.document
"""


class SqliteSecrets:
    """See ``Secrets``; the values are as safe as the file, which only its owner may read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def secret(self, name: str) -> JsonValue:
        """See ``Secrets.secret``."""
        return self._get(_SECRET, name)

    def put_secret(self, name: str, value: JsonValue) -> None:
        """Store a secret, replacing that name."""
        self._put(_SECRET, name, value)

    def delete_secret(self, name: str) -> bool:
        """Delete a secret; return whether it existed."""
        return self._delete(_SECRET, name)

    def secret_names(self) -> list[str]:
        """Return the names of all secrets, ordered."""
        return list(self._all(_SECRET))

    def environment(self, name: str) -> JsonValue:
        """See ``Secrets.environment``."""
        return self._get(_ENVIRONMENT, name)

    def put_environment(self, name: str, value: JsonValue) -> None:
        """Store an environment value, replacing that name."""
        self._put(_ENVIRONMENT, name, value)

    def delete_environment(self, name: str) -> bool:
        """Delete an environment value; return whether it existed."""
        return self._delete(_ENVIRONMENT, name)

    def environment_values(self) -> dict[str, JsonValue]:
        """Return all environment values, ordered by name."""
        return self._all(_ENVIRONMENT)

    def _get(self, kind: str, name: str) -> JsonValue:
        rows = self._database.read(
            "SELECT document FROM named_values WHERE kind = ? AND name = ?", (kind, name)
        )
        value: JsonValue = decode_json(rows[0][0]) if rows else None
        return value

    def _put(self, kind: str, name: str, value: JsonValue) -> None:
        row = (kind, name, encode_json(value))
        self._database.write(lambda connection: connection.execute(_PUT, row).rowcount)

    def _delete(self, kind: str, name: str) -> bool:
        deleted = self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM named_values WHERE kind = ? AND name = ?", (kind, name)
                ).rowcount
            )
        )
        return deleted > 0

    def _all(self, kind: str) -> dict[str, JsonValue]:
        rows = self._database.read(
            "SELECT name, document FROM named_values WHERE kind = ? ORDER BY name", (kind,)
        )
        return {name: decode_json(document) for name, document in rows}
