"""Definitions in files, as JSON or YAML."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, TypeAlias

from pydantic import ValidationError

from dalsegno.definitions.checking import check
from dalsegno.definitions.definition import Workflow, plain
from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError, Problem
from dalsegno.definitions.lines import line_of
from dalsegno.definitions.yaml_text import parse_yaml, yaml_text
from dalsegno.errors import InvalidRequestError
from dalsegno.json_text import decoded
from dalsegno.models import JsonObject, JsonValue, TaskDef, WorkflowDef

Format: TypeAlias = Literal["json", "yaml"]

_FORMATS: Final[dict[str, Format]] = {".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_WORKFLOWS: Final = "workflows"
_TASK_DEFS: Final = "taskDefs"


@dataclass(frozen=True, slots=True)
class DefinitionFile:
    """What a file, or a folder of files, defines.

    Attributes:
        workflows: In the order they are written.
        task_defs: Likewise.
    """

    workflows: tuple[WorkflowDef, ...]
    task_defs: tuple[TaskDef, ...]


def load(path: str | Path) -> WorkflowDef:
    """Return the one workflow definition in a file, ``.json``, ``.yaml`` or ``.yml``.

    Rules that need the extra ``engine`` are left to the engine if that is not installed.

    Raises:
        InvalidDefinitionError: The file holds no such definition, or one the engine would refuse;
            says where.
        MissingExtraError: It is YAML, and the extra ``cli`` is not installed.
        OSError: It cannot be read.
    """
    path = Path(path)
    found = load_all(path)
    if len(found.workflows) != 1 or found.task_defs:
        content = f"{len(found.workflows)} workflows and {len(found.task_defs)} task definitions"
        raise InvalidDefinitionError(
            str(path), [Problem(f"it holds {content}, not one workflow: use load_all")]
        )
    return found.workflows[0]


def load_all(path: str | Path) -> DefinitionFile:
    """Return all definitions in a file, or in a folder's files by name.

    A file holds one definition, a list of them, or an object with lists ``workflows`` and
    ``taskDefs``; YAML may hold several documents. What has ``tasks`` is a workflow, anything else a
    task definition.

    Raises:
        InvalidDefinitionError: A file holds something else, or what the engine would refuse; says
            where. All faults of a file are named together.
        MissingExtraError: A file is YAML, and the extra ``cli`` is not installed.
        OSError: A file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        files = [load_all(each) for each in sorted(path.iterdir()) if each.suffix in _FORMATS]
    else:
        files = [_File(path).read()]
    return DefinitionFile(
        tuple(each for file in files for each in file.workflows),
        tuple(each for file in files for each in file.task_defs),
    )


def dumps(definition: Workflow | WorkflowDef | TaskDef, form: Format = "json") -> str:
    """Return a definition as text, without what says no more than the default.

    Raises:
        InvalidDefinitionError: It is a ``Workflow`` that the engine would refuse.
        MissingExtraError: ``form`` is ``yaml``, and the extra ``cli`` is not installed.
    """
    wire = _plain(definition)
    if form == "yaml":
        return yaml_text(wire)
    return json.dumps(wire, indent=2, ensure_ascii=False) + "\n"


def dump(definition: Workflow | WorkflowDef | TaskDef, path: str | Path) -> None:
    """Write a definition to a file, in the format its name ends with; see ``dumps``."""
    path = Path(path)
    path.write_text(dumps(definition, _format_of(path)), encoding="utf-8")


def _plain(definition: Workflow | WorkflowDef | TaskDef) -> JsonObject:
    if isinstance(definition, Workflow):
        definition = definition.definition()
    if isinstance(definition, WorkflowDef):
        return plain(definition)
    wire = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {"name": definition.name, **wire}


def _format_of(path: Path) -> Format:
    if path.suffix not in _FORMATS:
        raise InvalidDefinitionError(
            str(path), [Problem(f"its name does not end with one of {', '.join(_FORMATS)}")]
        )
    return _FORMATS[path.suffix]


@dataclass(frozen=True, slots=True)
class _Entry:
    """One definition in a file, and the way to it from the file's outermost value."""

    document: int
    way: tuple[str | int, ...]
    wire: JsonValue
    model: type[WorkflowDef] | type[TaskDef]


class _File:
    """A file being read; what is wrong with it is told by line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._format = _format_of(path)
        try:
            self._text = decoded(path.read_bytes())
        except ValueError as error:
            self._refuse(Problem(str(error)))

    def read(self) -> DefinitionFile:
        """Return its definitions; raises InvalidDefinitionError."""
        entries = [
            entry
            for number, document in enumerate(self._documents())
            for entry in self._entries(number, document)
        ]
        found: list[WorkflowDef | TaskDef] = []
        problems: list[Problem] = []
        for entry in entries:
            try:
                definition = entry.model.model_validate(entry.wire)
            except ValidationError as error:
                problems += self._shape_problems(entry, error)
            else:
                found.append(definition)
                problems += self._broken_rules(entry, definition)
        if problems:
            self._refuse(*problems)
        return DefinitionFile(
            tuple(each for each in found if isinstance(each, WorkflowDef)),
            tuple(each for each in found if isinstance(each, TaskDef)),
        )

    def _documents(self) -> Sequence[JsonValue]:
        try:
            if self._format == "json":
                return [json.loads(self._text, object_pairs_hook=_no_key_twice)]
            return parse_yaml(self._text)
        except json.JSONDecodeError as error:
            self._refuse(Problem(f"it is no JSON: {error.msg}", line=error.lineno))
        except InvalidDefinitionError as error:
            self._refuse(*error.problems)

    def _entries(self, number: int, document: JsonValue) -> Iterator[_Entry]:
        if isinstance(document, list):
            for index, wire in enumerate(document):
                yield _Entry(number, (index,), wire, _model_of(wire))
        elif isinstance(document, dict) and {_WORKFLOWS, _TASK_DEFS} & document.keys():
            for key, model in ((_WORKFLOWS, WorkflowDef), (_TASK_DEFS, TaskDef)):
                for index, wire in enumerate(self._listed(document, key)):
                    yield _Entry(number, (key, index), wire, model)
        else:
            yield _Entry(number, (), document, _model_of(document))

    def _listed(self, document: JsonObject, key: str) -> list[JsonValue]:
        if others := sorted(document.keys() - {_WORKFLOWS, _TASK_DEFS}):
            self._refuse(Problem(f"beside {_WORKFLOWS} and {_TASK_DEFS}: {', '.join(others)}"))
        listed = document.get(key, [])
        if not isinstance(listed, list):
            self._refuse(Problem("it is no list", key))
        return listed

    def _shape_problems(self, entry: _Entry, error: ValidationError) -> Iterator[Problem]:
        items = error.errors(include_url=False, include_context=False)
        faults = InvalidRequestError.from_validation(error).validation_errors
        for item, fault in zip(items, faults, strict=True):
            line = line_of(self._text, entry.document, (*entry.way, *item["loc"]))
            yield Problem(fault.message, _joined(entry.way, fault.path), line=line)

    def _broken_rules(self, entry: _Entry, definition: WorkflowDef | TaskDef) -> Iterator[Problem]:
        try:
            problems = check(definition)
        except MissingExtraError:  # the engine that is to run it will tell
            return
        for problem in problems:
            line = line_of(self._text, entry.document, (*entry.way, problem.path))
            path = _joined(entry.way, problem.path)
            yield Problem(problem.message, path, problem.step, line)

    def _refuse(self, *problems: Problem) -> NoReturn:
        raise InvalidDefinitionError(str(self._path), problems) from None


def _model_of(wire: JsonValue) -> type[WorkflowDef] | type[TaskDef]:
    return WorkflowDef if isinstance(wire, dict) and "tasks" in wire else TaskDef


def _joined(way: tuple[str | int, ...], path: str) -> str:
    start = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in way)
    return f"{start}.{path}".strip(".")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        raise InvalidDefinitionError(
            "", [Problem(f"an object has a key twice: {', '.join(twice)}")]
        )
    return found
