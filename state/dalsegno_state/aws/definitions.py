"""Definitions and snapshots in DynamoDB."""

import zlib
from functools import lru_cache
from threading import Lock
from typing import Final

from dalsegno.models import TaskDef, WorkflowDef
from dalsegno_state.aws import layout
from dalsegno_state.aws.codec import pack, unpack
from dalsegno_state.aws.table import Item, Refused, Table, key, number, number_of

_PARSED_DEFINITIONS: Final = 1024
_KEPT_SNAPSHOTS: Final = 256
_ABSENT: Final = "attribute_not_exists(pk)"
_SNAPSHOT_SK: Final = "#"
_REVISION_KEY: Final = key(layout.REVISION_PK, "#")


class DynamoDefinitionStore:
    """See ``DefinitionStore``; definitions up to 400 KB once compressed."""

    def __init__(self, table: Table) -> None:
        self._table = table
        # By text, so that what another process changes is never served stale.
        self._parse_workflow_def = lru_cache(_PARSED_DEFINITIONS)(WorkflowDef.model_validate_json)
        self._parse_task_def = lru_cache(_PARSED_DEFINITIONS)(TaskDef.model_validate_json)
        self._snapshots: dict[str, bytes] = {}  # immutable, so never stale
        self._lock = Lock()

    def revision(self) -> int:
        """See ``DefinitionStore.revision``; one read in place of one for each definition."""
        item = self._table.get(_REVISION_KEY)
        return 0 if item is None else number_of(item, "n") or 0

    def put_workflow_def(self, definition: WorkflowDef) -> None:
        """See ``DefinitionStore.put_workflow_def``."""
        self._table.put(_workflow_def_item(definition))
        self._note_change()

    def create_workflow_def(self, definition: WorkflowDef) -> bool:
        """See ``DefinitionStore.create_workflow_def``."""
        item = _workflow_def_item(definition)
        refused = self._table.put(item, _ABSENT)
        self._note_change()
        return refused is None or (refused.was_repeated and refused.stored == item)

    def workflow_def(self, name: str, version: int | None = None) -> WorkflowDef | None:
        """See ``DefinitionStore.workflow_def``."""
        item: Item | None
        pk = layout.bucket("W", name)
        if version is None:
            prefix = f"{layout.name_key(name)}#"
            item = next(self._table.under(pk, prefix, reverse=True, limit=1), None)
        else:
            item = self._table.get(key(pk, layout.version_sk(name, version)))
        return None if item is None else self._parse_workflow_def(unpack(item["d"]))

    def workflow_defs(self, name: str | None = None) -> list[WorkflowDef]:
        """See ``DefinitionStore.workflow_defs``."""
        if name is not None:
            prefix = f"{layout.name_key(name)}#"
            items = list(self._table.under(layout.bucket("W", name), prefix))
        else:
            items = [item for pk in layout.buckets("W") for item in self._table.under(pk)]
        definitions = [self._parse_workflow_def(unpack(item["d"])) for item in items]
        return sorted(definitions, key=lambda definition: (definition.name, definition.version))

    def delete_workflow_def(self, name: str, version: int) -> bool:
        """See ``DefinitionStore.delete_workflow_def``."""
        item_key = key(layout.bucket("W", name), layout.version_sk(name, version))
        deleted = self._table.delete(item_key)
        self._note_change()
        return deleted is not None

    def put_task_def(self, definition: TaskDef) -> None:
        """See ``DefinitionStore.put_task_def``."""
        document = definition.to_wire_json().decode()
        self._table.put({**_task_def_key(definition.name), "d": pack(document)})
        self._note_change()

    def task_def(self, name: str) -> TaskDef | None:
        """See ``DefinitionStore.task_def``."""
        item = self._table.get(_task_def_key(name))
        return None if item is None else self._parse_task_def(unpack(item["d"]))

    def task_defs(self) -> list[TaskDef]:
        """See ``DefinitionStore.task_defs``."""
        items = (item for pk in layout.buckets("T") for item in self._table.under(pk))
        definitions = (self._parse_task_def(unpack(item["d"])) for item in items)
        return sorted(definitions, key=lambda definition: definition.name)

    def delete_task_def(self, name: str) -> bool:
        """See ``DefinitionStore.delete_task_def``."""
        deleted = self._table.delete(_task_def_key(name))
        self._note_change()
        return deleted is not None

    def put_snapshot(self, content_hash: str, body: bytes) -> None:
        """See ``DefinitionStore.put_snapshot``."""
        if content_hash in self._snapshots:
            return
        refused = self._table.put(
            {**_snapshot_key(content_hash), "d": {"B": zlib.compress(body)}}, _ABSENT
        )
        stored = refused.stored if isinstance(refused, Refused) else None
        self._keep(content_hash, body if stored is None else zlib.decompress(stored["d"]["B"]))

    def snapshot(self, content_hash: str) -> bytes | None:
        """See ``DefinitionStore.snapshot``; a process reads each only once."""
        kept = self._snapshots.get(content_hash)
        if kept is not None:
            return kept
        item = self._table.get(_snapshot_key(content_hash))
        if item is None:
            return None
        return self._keep(content_hash, zlib.decompress(item["d"]["B"]))

    def _note_change(self) -> None:
        """Raise the revision: after the change, or somebody could read the old under the new.

        Also if nothing was changed this time: a repeated request may find its own doing, whose
        first sending died before it came here.
        """
        self._table.update(_REVISION_KEY, "ADD n :one", {":one": number(1)})

    def _keep(self, content_hash: str, body: bytes) -> bytes:
        with self._lock:
            self._snapshots[content_hash] = body
            if len(self._snapshots) > _KEPT_SNAPSHOTS:
                self._snapshots.pop(next(iter(self._snapshots)))
        return body


def _workflow_def_item(definition: WorkflowDef) -> Item:
    name, version = definition.name, definition.version
    document = definition.to_wire_json().decode()
    return {**key(layout.bucket("W", name), layout.version_sk(name, version)), "d": pack(document)}


def _task_def_key(name: str) -> Item:
    return key(layout.bucket("T", name), layout.name_key(name))


def _snapshot_key(content_hash: str) -> Item:
    return key(f"S#{content_hash}", _SNAPSHOT_SK)
