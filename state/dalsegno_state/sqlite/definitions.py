"""Definitions and snapshots in SQLite."""

from functools import lru_cache
from itertools import count
from typing import Final

from dalsegno.models import TaskDef, WorkflowDef
from dalsegno_state.sqlite.database import Database, Parameters

_PARSED_DEFINITIONS: Final = 1024

_PUT_WORKFLOW_DEF: Final = """
    INSERT INTO workflow_defs(name, version, document) VALUES (?, ?, ?)
    ON CONFLICT (name, version) DO UPDATE SET document = excluded.document
"""
_CREATE_WORKFLOW_DEF: Final = """
    INSERT INTO workflow_defs(name, version, document) VALUES (?, ?, ?)
    ON CONFLICT (name, version) DO NOTHING
"""
_LATEST_WORKFLOW_DEF: Final = """
    SELECT document FROM workflow_defs WHERE name = ? ORDER BY version DESC LIMIT 1
"""
_PUT_TASK_DEF: Final = """
    INSERT INTO task_defs(name, document) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET document = excluded.document
"""
_PUT_SNAPSHOT: Final = """
    INSERT INTO snapshots(content_hash, body) VALUES (?, ?)
    ON CONFLICT (content_hash) DO NOTHING
"""


class SqliteDefinitionStore:
    """See ``DefinitionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # By text, so that what another process changes is never served stale.
        self._parse_workflow_def = lru_cache(_PARSED_DEFINITIONS)(WorkflowDef.model_validate_json)
        self._parse_task_def = lru_cache(_PARSED_DEFINITIONS)(TaskDef.model_validate_json)
        self._revisions = count()

    def revision(self) -> int:
        """See ``DefinitionStore.revision``; always another, since reading is cheap here."""
        return next(self._revisions)

    def put_workflow_def(self, definition: WorkflowDef) -> None:
        """See ``DefinitionStore.put_workflow_def``."""
        self._change(_PUT_WORKFLOW_DEF, _workflow_def_row(definition))

    def create_workflow_def(self, definition: WorkflowDef) -> bool:
        """See ``DefinitionStore.create_workflow_def``."""
        return self._change(_CREATE_WORKFLOW_DEF, _workflow_def_row(definition))

    def workflow_def(self, name: str, version: int | None = None) -> WorkflowDef | None:
        """See ``DefinitionStore.workflow_def``."""
        if version is None:
            rows = self._database.read(_LATEST_WORKFLOW_DEF, (name,))
        else:
            rows = self._database.read(
                "SELECT document FROM workflow_defs WHERE name = ? AND version = ?",
                (name, version),
            )
        return self._parse_workflow_def(rows[0][0]) if rows else None

    def workflow_defs(self, name: str | None = None) -> list[WorkflowDef]:
        """See ``DefinitionStore.workflow_defs``."""
        if name is None:
            rows = self._database.read("SELECT document FROM workflow_defs ORDER BY name, version")
        else:
            rows = self._database.read(
                "SELECT document FROM workflow_defs WHERE name = ? ORDER BY version", (name,)
            )
        return [self._parse_workflow_def(document) for (document,) in rows]

    def delete_workflow_def(self, name: str, version: int) -> bool:
        """See ``DefinitionStore.delete_workflow_def``."""
        return self._change(
            "DELETE FROM workflow_defs WHERE name = ? AND version = ?", (name, version)
        )

    def put_task_def(self, definition: TaskDef) -> None:
        """See ``DefinitionStore.put_task_def``."""
        self._change(_PUT_TASK_DEF, (definition.name, definition.to_wire_json().decode()))

    def task_def(self, name: str) -> TaskDef | None:
        """See ``DefinitionStore.task_def``."""
        rows = self._database.read("SELECT document FROM task_defs WHERE name = ?", (name,))
        return self._parse_task_def(rows[0][0]) if rows else None

    def task_defs(self) -> list[TaskDef]:
        """See ``DefinitionStore.task_defs``."""
        rows = self._database.read("SELECT document FROM task_defs ORDER BY name")
        return [self._parse_task_def(document) for (document,) in rows]

    def delete_task_def(self, name: str) -> bool:
        """See ``DefinitionStore.delete_task_def``."""
        return self._change("DELETE FROM task_defs WHERE name = ?", (name,))

    def put_snapshot(self, content_hash: str, body: bytes) -> None:
        """See ``DefinitionStore.put_snapshot``."""
        self._change(_PUT_SNAPSHOT, (content_hash, body))

    def snapshot(self, content_hash: str) -> bytes | None:
        """See ``DefinitionStore.snapshot``."""
        rows = self._database.read(
            "SELECT body FROM snapshots WHERE content_hash = ?", (content_hash,)
        )
        return bytes(rows[0][0]) if rows else None

    def _change(self, statement: str, parameters: Parameters) -> bool:
        changed = self._database.write(
            lambda connection: connection.execute(statement, parameters).rowcount
        )
        return changed > 0


def _workflow_def_row(definition: WorkflowDef) -> tuple[str, int, str]:
    return definition.name, definition.version, definition.to_wire_json().decode()
