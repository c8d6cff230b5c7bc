"""The port through which expressions read a workflow's data."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import JsonValue


class Scope(Protocol):
    """The documents an expression may name: ``workflow`` and one per task reference.

    Exceptions raised here pass through the evaluation unchanged.
    """

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """Return what lies at ``path`` below the document ``name``, or None.

        A negative index counts from the end. ``walk`` has the semantics of a whole path.
        """
        ...

    def document(self, name: str) -> JsonValue:
        """Return the whole document ``name``, or None if there is none."""
        ...


def walk(document: JsonValue, path: Sequence[str | int]) -> JsonValue:
    """Return what lies at ``path`` below ``document``, or None; negative indexes are allowed."""
    for step in path:
        if isinstance(document, dict) and isinstance(step, str):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int):
            document = document[step] if -len(document) <= step < len(document) else None
        else:
            return None
    return document
