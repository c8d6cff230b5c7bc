"""Checking definitions before they are registered, by the engine's own rules."""

from dalsegno.definitions.engine_rules import broken_rules
from dalsegno.definitions.errors import InvalidDefinitionError, Problem
from dalsegno.definitions.places import places_in
from dalsegno.models import TaskDef, WorkflowDef


def check(definition: WorkflowDef | TaskDef) -> list[Problem]:
    """Return what would keep a definition from being registered; nothing if it is in order.

    The syntax of scripts is looked at if the extra ``engine`` is installed.

    Raises:
        MissingExtraError: The definition enforces a schema, or has a path that must be parsed, and
            the extra ``engine`` is not installed.
    """
    steps: dict[str, str] = {}
    if isinstance(definition, WorkflowDef):
        steps = {place.path: place.ref for place in places_in(definition.tasks)}
    problems = []
    for fault in broken_rules(definition):
        path = fault.path.removeprefix("workflowDef").removeprefix("taskDefinition").lstrip(".")
        problems.append(Problem(fault.message, path, _step_at(path, steps)))
    return problems


def ensure_valid(definition: WorkflowDef | TaskDef) -> None:
    """Raise InvalidDefinitionError if the definition would not be registered; see ``check``."""
    if problems := check(definition):
        kind = "workflow" if isinstance(definition, WorkflowDef) else "task definition"
        raise InvalidDefinitionError(f"{kind} {definition.name}", problems)


def _step_at(path: str, steps: dict[str, str]) -> str | None:
    """Return the innermost step whose path is where ``path`` begins."""
    around = [
        place for place in steps if path == place or path.startswith((f"{place}.", f"{place}["))
    ]
    return steps[max(around, key=len)] if around else None
