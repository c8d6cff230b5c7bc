"""Definitions in Python modules: the builder's workflows, and definitions as they are."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dalsegno.cli.modules import module_at
from dalsegno.definitions import DefinitionFile, InvalidDefinitionError, Problem, Workflow
from dalsegno.models import TaskDef, WorkflowDef


def definitions_in_module(path: Path) -> DefinitionFile:
    """Return what the names of a module, or lists under them, define; it is imported.

    Raises:
        InvalidDefinitionError: It cannot be imported, or nothing in it is a definition, or the
            engine would refuse one.
        OSError: There is no such file.
    """
    path = path.resolve(strict=True)
    found = {id(each): each for value in vars(_imported(path)).values() for each in _in(value)}
    if not found:
        problem = Problem("it has neither a Workflow nor a WorkflowDef or TaskDef under a name")
        raise InvalidDefinitionError(str(path), [problem])
    definitions = [
        each.definition() if isinstance(each, Workflow) else each for each in found.values()
    ]
    return DefinitionFile(
        tuple(each for each in definitions if isinstance(each, WorkflowDef)),
        tuple(each for each in definitions if isinstance(each, TaskDef)),
    )


def _in(value: object) -> Iterator[Workflow | WorkflowDef | TaskDef]:
    values = value if isinstance(value, list | tuple) else [value]
    yield from (each for each in values if isinstance(each, Workflow | WorkflowDef | TaskDef))


def _imported(path: Path) -> ModuleType:
    try:
        return module_at(path)
    except InvalidDefinitionError:
        raise  # of the builder, and names the step
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((each.lineno for each in reversed(frames) if each.filename == str(path)), None)
        problem = Problem(f"{type(error).__name__}: {error}", line=line)
        raise InvalidDefinitionError(str(path), [problem]) from error
