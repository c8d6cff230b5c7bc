"""The worker functions in modules."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import typer

from dalsegno.cli.console import give_up
from dalsegno.cli.modules import module_at
from dalsegno.workers import WorkerFunction

AnyWorker: TypeAlias = WorkerFunction[..., Any]


def workers_of(targets: Iterable[str]) -> list[AnyWorker]:
    """Return what ``@worker`` made in modules, or their files; ``module:name`` names one.

    Ends with status 1 if there is none. What a module raises while it is imported is raised.

    Raises:
        BadParameter: There is no such module, or no such name in it.
    """
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    found: dict[int, AnyWorker] = {}
    for target in targets:
        for function in _workers_at(target):
            found[id(function)] = function
    return list(found.values())


def _workers_at(target: str) -> Iterator[AnyWorker]:
    module_name, _, name = target.partition(":")
    module = _imported(module_name)
    if not name:
        found = [each for each in vars(module).values() if isinstance(each, WorkerFunction)]
        if not found:
            give_up(f"there is no worker in {module_name}: put @worker above a function")
        yield from found
        return
    function = getattr(module, name, None)
    if function is None:
        raise typer.BadParameter(f"{module_name} has no {name}", param_hint="MODULE")
    if not isinstance(function, WorkerFunction):
        raise typer.BadParameter(
            f"{target} is no worker: put @worker above it", param_hint="MODULE"
        )
    yield function


def _imported(name: str) -> ModuleType:
    if name.endswith(".py"):
        path = Path(name).resolve()
        if not path.exists():
            raise typer.BadParameter(f"there is no file {name}", param_hint="MODULE")
        return module_at(path)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # it is there, and imports what is not
        raise typer.BadParameter(
            f"there is no module {error.name} here or installed", param_hint="MODULE"
        ) from None
