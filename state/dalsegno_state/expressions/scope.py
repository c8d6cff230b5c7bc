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
