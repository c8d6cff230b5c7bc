"""Documents in SQLite."""

from sqlite3 import Connection
from typing import Final
from uuid import uuid4

from dalsegno.models import EpochMillis, JsonObject
from dalsegno_state.ports import Clock, Document
from dalsegno_state.sqlite.codec import decode_json, encode_json
from dalsegno_state.sqlite.database import Database, Parameters

_CREATE: Final = """
    INSERT INTO documents(kind, name, revision, expires_at, document) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, name) DO NOTHING
"""
_PUT: Final = """
    INSERT INTO documents(kind, name, revision, expires_at, document) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, name) DO UPDATE SET
        revision = excluded.revision, expires_at = excluded.expires_at,
        document = excluded.document
"""
_REPLACE: Final = """
    UPDATE documents SET revision = ?, expires_at = ?, document = ?
    WHERE kind = ? AND name = ? AND revision = ?
"""
_DELETE: Final = "DELETE FROM documents WHERE kind = ? AND name = ?"
_FORGET: Final = "DELETE FROM documents WHERE expires_at <= ?"
_LIVE: Final = """
    SELECT name, revision, document FROM documents
    WHERE (expires_at IS NULL OR expires_at > ?) AND kind = ?
"""
_LAST_CHARACTER: Final = chr(0x10FFFF)


class SqliteDocumentStore:
    """See ``DocumentStore``; each write forgets what has expired."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> None:
        """See ``DocumentStore.put``."""
        self._change(_PUT, (kind, name, _revision(), expires_at, encode_json(body)))

    def create(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """See ``DocumentStore.create``."""
        return self._change(_CREATE, (kind, name, _revision(), expires_at, encode_json(body)))

    def replace(
        self, found: Document, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """See ``DocumentStore.replace``."""
        written = (_revision(), expires_at, encode_json(body))
        return self._change(_REPLACE, (*written, found.kind, found.name, found.revision))

    def get(self, kind: str, name: str) -> Document | None:
        """See ``DocumentStore.get``."""
        found = self._live(kind, "AND name = ?", (name,))
        return found[0] if found else None

    def documents(self, kind: str, *, prefix: str = "", limit: int | None = None) -> list[Document]:
        """See ``DocumentStore.documents``."""
        # SQLite takes a negative limit for none.
        bounds = (prefix, prefix + _LAST_CHARACTER, -1 if limit is None else limit)
        return self._live(kind, "AND name >= ? AND name < ? ORDER BY name LIMIT ?", bounds)

    def delete(self, kind: str, name: str, *, revision: str | None = None) -> bool:
        """See ``DocumentStore.delete``."""
        if revision is None:
            return self._change(_DELETE, (kind, name))
        return self._change(f"{_DELETE} AND revision = ?", (kind, name, revision))

    def _live(self, kind: str, condition: str, values: tuple[object, ...]) -> list[Document]:
        rows = self._database.read(f"{_LIVE} {condition}", (self._clock.now(), kind, *values))
        return [
            Document(kind=kind, name=name, revision=revision, body=decode_json(document))
            for name, revision, document in rows
        ]

    def _change(self, statement: str, parameters: Parameters) -> bool:
        now = self._clock.now()

        def change(connection: Connection) -> int:
            connection.execute(_FORGET, (now,))
            return connection.execute(statement, parameters).rowcount

        return self._database.write(change) > 0


def _revision() -> str:
    return uuid4().hex
