"""Schemas that inputs and outputs are checked against."""

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.models import SchemaDef


class SchemaCalls:
    """Registers and reads schemas."""

    @operation
    def put(self, *schemas: SchemaDef) -> Call[None]:
        """Store schemas, replacing those of the same name and version."""
        return Call("POST", "/schema", reads_nothing, body=sends(list(schemas)), repeatable=True)

    @operation
    def add_version(self, *schemas: SchemaDef) -> Call[None]:
        """Store each schema as the next version of its name."""
        query = {"newVersion": True}
        return Call("POST", "/schema", reads_nothing, query=query, body=sends(list(schemas)))

    @operation
    def get(self, name: str, version: int | None = None) -> Call[SchemaDef]:
        """Return a schema, its highest version unless given. Raises NotFoundError."""
        return Call("GET", _named(name, version), reads(SchemaDef), repeatable=True)

    @operation
    def all(self) -> Call[list[SchemaDef]]:
        """Return all versions of all schemas."""
        return Call("GET", "/schema", reads(list[SchemaDef]), repeatable=True)

    @operation
    def delete(self, name: str, version: int | None = None) -> Call[None]:
        """Forget a version of a schema, all of them unless given. Raises NotFoundError."""
        return Call("DELETE", _named(name, version), reads_nothing)


class Schemas(Group, SchemaCalls):
    """See ``SchemaCalls``."""


class AsyncSchemas(AsyncGroup, SchemaCalls):
    """See ``SchemaCalls``; awaited."""


def _named(name: str, version: int | None) -> str:
    return path("/schema/{}", name) if version is None else path("/schema/{}/{}", name, version)
