"""Named values in SQLite: secrets, and the environment of expressions."""

from typing import Final

from dalsegno.models import JsonValue
from dalsegno_state.named_values import seen
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
        return seen(self._text(_SECRET, name))

    def secret_text(self, name: str) -> str | None:
        """See ``Secrets.secret_text``."""
        return self._text(_SECRET, name)

    def secret_exists(self, name: str) -> bool:
        """See ``Secrets.secret_exists``."""
        return self._text(_SECRET, name) is not None

    def secret_names(self) -> list[str]:
        """See ``Secrets.secret_names``."""
        return list(self._all(_SECRET))

    def put_secret(self, name: str, value: str) -> None:
        """See ``Secrets.put_secret``."""
        self._put(_SECRET, name, value)

    def delete_secret(self, name: str) -> bool:
        """See ``Secrets.delete_secret``."""
        return self._delete(_SECRET, name)

    def environment(self, name: str) -> JsonValue:
        """See ``Secrets.environment``."""
        return seen(self._text(_ENVIRONMENT, name))

    def environment_text(self, name: str) -> str | None:
        """See ``Secrets.environment_text``."""
        return self._text(_ENVIRONMENT, name)

    def environment_values(self) -> dict[str, str]:
        """See ``Secrets.environment_values``."""
        return self._all(_ENVIRONMENT)

    def put_environment(self, name: str, value: str) -> None:
        """See ``Secrets.put_environment``."""
        self._put(_ENVIRONMENT, name, value)

    def delete_environment(self, name: str) -> bool:
        """See ``Secrets.delete_environment``."""
        return self._delete(_ENVIRONMENT, name)

    def _text(self, kind: str, name: str) -> str | None:
        rows = self._database.read(
            "SELECT document FROM named_values WHERE kind = ? AND name = ?", (kind, name)
        )
        return _text_of(rows[0][0]) if rows else None

    def _put(self, kind: str, name: str, value: str) -> None:
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

    def _all(self, kind: str) -> dict[str, str]:
        rows = self._database.read(
            "SELECT name, document FROM named_values WHERE kind = ? ORDER BY name", (kind,)
        )
        return {name: _text_of(document) for name, document in rows}


def _text_of(document: str) -> str:
    text: str = decode_json(document)
    return text
