"""Definitions in the files and folders that a command is given."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import typer

from dalsegno.cli.console import Exit, complain, give_up
from dalsegno.cli.definition.arguments import CODE, TEXTS
from dalsegno.cli.definition.code import definitions_in_module
from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError
from dalsegno.definitions.files import load_all
from dalsegno.models import TaskDef, WorkflowDef


@dataclass(frozen=True, slots=True)
class Found:
    """A definition, and the file that it is in."""

    definition: WorkflowDef | TaskDef
    path: Path


def definitions_in(paths: Iterable[Path]) -> list[Found]:
    """Return what files and folders define; end with status 1 if some of it makes no sense."""
    found: list[Found] = []
    is_wrong = False
    for path in files_in(paths):
        try:
            found += definitions_of(path)
        except InvalidDefinitionError as error:
            complain(str(error))
            is_wrong = True
    if is_wrong:
        raise typer.Exit(Exit.REFUSED)
    return found


def definitions_of(path: Path) -> list[Found]:
    """Return what a file defines. Raises InvalidDefinitionError."""
    try:
        loaded = definitions_in_module(path) if path.suffix == CODE else load_all(path)
    except MissingExtraError as error:
        give_up(str(error))
    except OSError as error:
        _refuse(path, error.strerror or str(error))
    found: list[WorkflowDef | TaskDef] = [*loaded.task_defs, *loaded.workflows]
    return [Found(each, path) for each in found]


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that are meant: those given, and in folders all JSON and YAML files.

    Python is run when it is read, so its files are to be named one by one.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        files = [each for each in sorted(path.rglob("*")) if each.suffix in TEXTS]
        if not files:
            _refuse(path, "there are no .json, .yaml or .yml files in it")
        yield from files


def the_workflow_in(path: Path) -> WorkflowDef:
    """Return the one workflow that a file defines; end with status 1 if there is not one."""
    found = [each.definition for each in definitions_in([path])]
    workflows = [each for each in found if isinstance(each, WorkflowDef)]
    if len(workflows) != 1:
        give_up(f"{path} defines {len(workflows)} workflows, not one")
    return workflows[0]


def _refuse(path: Path, reason: str) -> NoReturn:
    raise typer.BadParameter(f"{path}: {reason}", param_hint="PATH")
