"""Schemas as they are registered: where they are, and definitions with the text of theirs."""

from typing import Final, TypeVar

from dalsegno.models import SchemaDef, TaskDef, WorkflowDef
from dalsegno_state.ports import DocumentStore

SCHEMA_KIND: Final = "schema"
VERSION_DIGITS: Final = 10

_D = TypeVar("_D", WorkflowDef, TaskDef)


def schema_name(name: str, version: int) -> str:
    """Return the name of a schema's document; the versions of a schema sort as numbers do."""
    return f"{name}.{version:0{VERSION_DIGITS}d}"


def with_schemas(documents: DocumentStore, definition: _D) -> _D:
    """Return a definition whose schemas, if it enforces them, have the text registered for them.

    One that is not registered stays without; who enforces it finds that.
    """
    if not definition.enforce_schema:
        return definition
    update = {
        field: _with_text(documents, schema)
        for field in ("input_schema", "output_schema")
        if (schema := getattr(definition, field)) is not None and schema.data is None
    }
    return definition.model_copy(update=update) if update else definition


def _with_text(documents: DocumentStore, schema: SchemaDef) -> SchemaDef:
    found = documents.get(SCHEMA_KIND, schema_name(schema.name, schema.version))
    return schema if found is None else SchemaDef.model_validate(found.body)
