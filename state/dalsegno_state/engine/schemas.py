"""Schemas: what inputs and outputs have to look like, by name and version."""

from collections.abc import Sequence
from typing import Final

from dalsegno.errors import InvalidRequestError, NotFoundError, UnavailableError
from dalsegno.models import JsonObject, SchemaDef
from dalsegno_state.engine.schema_documents import SCHEMA_KIND, VERSION_DIGITS, schema_name
from dalsegno_state.ports import Clock, DocumentStore

_LONGEST_NAME: Final = 255
_TRIES: Final = 20


class Schemas:
    """Keeps schemas; enforcing them is done where inputs and outputs come by."""

    def __init__(self, documents: DocumentStore, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock

    def save(self, schemas: Sequence[SchemaDef], *, new_version: bool = False) -> None:
        """Store schemas, replacing those of the same name and version.

        Args:
            schemas: What to store; none of them is if one breaks a rule.
            new_version: Give each the next version of its name instead of its own.

        Raises:
            InvalidRequestError: There are none, or a name or version is not allowed.
        """
        if not schemas:
            raise InvalidRequestError("SchemaDef list cannot be empty")
        for schema in schemas:
            _check(schema)
        for schema in schemas:
            if new_version:
                self._save_as_next(schema)
            else:
                self._save(schema)

    def schema(self, name: str, version: int | None = None) -> SchemaDef:
        """Return a schema, its highest version if None is asked; raises NotFoundError."""
        found = self._versions(name) if version is None else self._version(name, version)
        if not found:
            shown = "null" if version is None else version
            raise NotFoundError(f"No such schema found by name: {name}, version: {shown}")
        return found[-1]

    def schemas(self) -> list[SchemaDef]:
        """Return all versions of all schemas, ordered by name and version."""
        return _ordered([each.body for each in self._documents.documents(SCHEMA_KIND)])

    def delete(self, name: str, version: int | None = None) -> None:
        """Delete one version of a schema, all of them if None; raises NotFoundError."""
        found = self._versions(name) if version is None else self._version(name, version)
        deleted = [
            self._documents.delete(SCHEMA_KIND, schema_name(name, each.version)) for each in found
        ]
        if not any(deleted):
            shown = "null" if version is None else version
            raise NotFoundError(f"No such schema found by name: {name}, version: {shown}")

    def _version(self, name: str, version: int) -> list[SchemaDef]:
        found = self._documents.get(SCHEMA_KIND, schema_name(name, version))
        return [] if found is None else _ordered([found.body])

    def _versions(self, name: str) -> list[SchemaDef]:
        prefix = schema_name(name, 0)[:-VERSION_DIGITS]
        found = self._documents.documents(SCHEMA_KIND, prefix=prefix)
        return [each for each in _ordered([one.body for one in found]) if each.name == name]

    def _save(self, schema: SchemaDef) -> None:
        known = self._version(schema.name, schema.version)
        self._documents.put(
            SCHEMA_KIND, schema_name(schema.name, schema.version), self._stamped(schema, known)
        )

    def _save_as_next(self, schema: SchemaDef) -> None:
        for _ in range(_TRIES):
            known = self._versions(schema.name)
            version = known[-1].version + 1 if known else 1
            following = schema.model_copy(update={"version": version})
            body = self._stamped(following, [])
            if self._documents.create(SCHEMA_KIND, schema_name(schema.name, version), body):
                return
        raise UnavailableError(f"schema {schema.name} keeps getting new versions; try again")

    def _stamped(self, schema: SchemaDef, known: list[SchemaDef]) -> JsonObject:
        now = self._clock.now()
        created = known[0].create_time if known else now
        audit = {"create_time": created, "update_time": now if known else 0}
        return schema.model_copy(update=audit).to_wire()


def _check(schema: SchemaDef) -> None:
    if not schema.name.strip():
        raise InvalidRequestError("name: SchemaDef name cannot be null or empty")
    if len(schema.name) > _LONGEST_NAME:
        raise InvalidRequestError(f"name: longer than {_LONGEST_NAME} characters")
    if schema.version < 1:
        raise InvalidRequestError(f"version: expected 1 or more, got {schema.version}")


def _ordered(bodies: Sequence[JsonObject]) -> list[SchemaDef]:
    found = [SchemaDef.model_validate(body) for body in bodies]
    return sorted(found, key=lambda each: (each.name, each.version))
