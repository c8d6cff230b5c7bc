"""Running code that was made from a definition."""

from dalsegno.definitions import Workflow, source_of
from dalsegno.models import WorkflowDef


def rebuilt(definition: WorkflowDef) -> WorkflowDef:
    """Return what the code of a definition builds."""
    names: dict[str, object] = {}
    exec(source_of(definition), names)  # noqa: S102  # what it is for
    last = list(names.values())[-1]
    assert isinstance(last, Workflow)
    return last.draft()
