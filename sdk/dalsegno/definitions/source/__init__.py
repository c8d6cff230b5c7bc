"""The way back: Python code that builds a given definition."""

import ast
import builtins
from collections.abc import Iterable

from dalsegno.definitions.definition import Workflow
from dalsegno.definitions.source.code import LINE_LENGTH
from dalsegno.definitions.source.writer import DefinitionWriter, ModuleWriter
from dalsegno.models import WorkflowDef

__all__ = ["source_of"]

_MODULE = "dalsegno.definitions"


def source_of(definition: WorkflowDef | Workflow) -> str:
    """Return a Python module whose last statement binds the ``Workflow`` of a definition.

    The same definition yields the same text. What the builder has no words for is kept as JSON, by
    ``with_fields`` and ``raw``.

    Raises:
        InvalidDefinitionError: Two steps have the same reference name, or there is no step.
    """
    if isinstance(definition, Workflow):
        definition = definition.draft()
    from dalsegno import definitions  # which imports this module

    module = ModuleWriter(frozenset(definitions.__all__) | frozenset(dir(builtins)))
    module.bind(definition.name, DefinitionWriter(module, definition).definition())
    body = "\n".join(module.statements)
    read = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    return f"{_import(read & set(definitions.__all__))}\n\n{body}\n"


def _import(names: Iterable[str]) -> str:
    ordered = sorted(names, key=lambda name: (not name[0].isupper(), name))
    line = f"from {_MODULE} import {', '.join(ordered)}"
    if len(line) <= LINE_LENGTH:
        return line
    return f"from {_MODULE} import (\n" + "".join(f"    {name},\n" for name in ordered) + ")"
