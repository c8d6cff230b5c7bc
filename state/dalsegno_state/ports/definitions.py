"""Definitions, and small named documents."""

from dataclasses import dataclass
from typing import Protocol

from dalsegno.models import (
    EpochMillis,
    JsonObject,
    TaskDef,
    WorkflowDef,
)


class DefinitionStore(Protocol):
    """Workflow and task definitions, and the immutable snapshots executions run."""

    def revision(self) -> int:
        """Return a number that differs from before once a change of a definition is acknowledged.

        While it is the same, what was read of definitions after it still holds. It may also
        differ where nothing has changed.
        """
        ...

    def put_workflow_def(self, definition: WorkflowDef) -> None:
        """Store a definition, replacing that name and version."""
        ...

    def create_workflow_def(self, definition: WorkflowDef) -> bool:
        """Store a definition unless its name and version exist; return whether it was stored."""
        ...

    def workflow_def(self, name: str, version: int | None = None) -> WorkflowDef | None:
        """Return a definition; its highest version if None is asked."""
        ...

    def workflow_defs(self, name: str | None = None) -> list[WorkflowDef]:
        """Return all versions of all definitions, or of one name; ordered by name, version."""
        ...

    def delete_workflow_def(self, name: str, version: int) -> bool:
        """Delete a definition; return whether it existed."""
        ...

    def put_task_def(self, definition: TaskDef) -> None:
        """Store a task definition, replacing that name."""
        ...

    def task_def(self, name: str) -> TaskDef | None:
        """Return a task definition, or None."""
        ...

    def task_defs(self) -> list[TaskDef]:
        """Return all task definitions, ordered by name."""
        ...

    def delete_task_def(self, name: str) -> bool:
        """Delete a task definition; return whether it existed."""
        ...

    def put_snapshot(self, content_hash: str, body: bytes) -> None:
        """Keep a resolved definition under its hash; repeating it is harmless."""
        ...

    def snapshot(self, content_hash: str) -> bytes | None:
        """Return a snapshot's body, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A small named JSON object that is neither an execution nor a definition.

    Attributes:
        kind: What it is one of; all of a kind are listed together.
        revision: Another with each write; what ``replace`` and ``delete`` compare.
    """

    kind: str
    name: str
    body: JsonObject
    revision: str


class DocumentStore(Protocol):
    """Schedules, event handlers, schemas, tags and the like: up to 400 KB once compressed.

    One that has expired is absent to every method.
    """

    def put(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> None:
        """Store a document, replacing that kind and name."""
        ...

    def create(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """Store a document unless its name is taken; return whether it was stored."""
        ...

    def replace(
        self, found: Document, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """Store a new body if nobody has written since ``found`` was read; return whether."""
        ...

    def get(self, kind: str, name: str) -> Document | None:
        """Return a document, or None."""
        ...

    def documents(self, kind: str, *, prefix: str = "", limit: int | None = None) -> list[Document]:
        """Return the documents of a kind whose names begin with a prefix, the first at most.

        They are ordered by name, as far as names are made of letters, digits, ``-``, ``_`` and
        ``.``; others come in some fixed order.
        """
        ...

    def delete(self, kind: str, name: str, *, revision: str | None = None) -> bool:
        """Delete a document, if given only in this revision; return whether it was deleted."""
        ...
