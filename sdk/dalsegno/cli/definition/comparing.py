"""Definitions in files beside those that a server has."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Final, TypeVar

from dalsegno.cli.definition.files import Found
from dalsegno.definitions.files import dumps
from dalsegno.errors import NotFoundError
from dalsegno.models import TaskDef, WorkflowDef

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno

_AUDIT: Final = {"create_time": 0, "update_time": 0, "created_by": None, "updated_by": None}


Definition = TypeVar("Definition", WorkflowDef, TaskDef, WorkflowDef | TaskDef)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A definition in a file, and what the server has in its place.

    Attributes:
        present: None if the server has none.
    """

    found: Found
    present: WorkflowDef | TaskDef | None

    @property
    def is_equal(self) -> bool:
        """True if the server has it already."""
        return self.present is not None and text_of(self.present) == text_of(self.found.definition)

    @property
    def sign(self) -> str:
        """``=`` for equal, ``+`` for new, ``~`` for changed."""
        return "=" if self.is_equal else "+" if self.present is None else "~"

    def diff(self) -> Iterator[str]:
        """Yield the lines of a unified diff from the server's to the file's; none if equal."""
        name = title(self.found.definition)
        before = text_of(self.present).splitlines() if self.present else []
        after = text_of(self.found.definition).splitlines()
        yield from unified_diff(
            before, after, f"server: {name}", f"{self.found.path}: {name}", lineterm=""
        )


def compared(client: "Dalsegno", found: Iterable[Found]) -> Iterator[Comparison]:
    """Yield each definition beside the server's. Raises ConductorError."""
    for each in found:
        yield Comparison(each, _present(client, each.definition))


def text_of(definition: WorkflowDef | TaskDef) -> str:
    """Return what a definition says, as JSON on many lines."""
    return dumps(without_audit(definition))


def without_audit(definition: Definition) -> Definition:
    """Return a definition without who has put it there, and when."""
    return definition.model_copy(update=_AUDIT)


def title(definition: WorkflowDef | TaskDef) -> str:
    """Return what a definition is called, with what it is of."""
    if isinstance(definition, WorkflowDef):
        return f"workflow {definition.name} v{definition.version}"
    return f"task {definition.name}"


def _present(client: "Dalsegno", definition: WorkflowDef | TaskDef) -> WorkflowDef | TaskDef | None:
    try:
        if isinstance(definition, WorkflowDef):
            return client.definitions.workflows.get(definition.name, definition.version)
        return client.definitions.tasks.get(definition.name)
    except NotFoundError:
        return None
