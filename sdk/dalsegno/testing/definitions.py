"""The definitions of a test: read from whatever they are given as, their mocks put in place."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from dalsegno.definitions import load
from dalsegno.models import SubWorkflowParams, WorkflowDef, WorkflowTask
from dalsegno.testing.attempts import OPERATORS
from dalsegno.testing.errors import UnknownMockError
from dalsegno.testing.stubs import stub


class HasDefinition(Protocol):
    """What the builder makes."""

    def definition(self) -> WorkflowDef:
        """Return the definition."""
        ...


Source: TypeAlias = WorkflowDef | HasDefinition | Mapping[str, Any] | str | Path

# Done by the engine as they are, in a test too: their outcome follows from the definition.
_NOT_MOCKED: Final = OPERATORS - {"DYNAMIC", "FORK"}
# Only a run tells which tasks or workflows these come to.
_OPEN: Final = frozenset({"DYNAMIC", "FORK_JOIN_DYNAMIC", "START_WORKFLOW"})


def read_definition(source: Source) -> WorkflowDef:
    """Return a definition given as such, as JSON data, by the builder, or as a path to a file.

    Raises:
        TypeError: It is none of these.
        InvalidDefinitionError: The file does not hold one definition that the engine would take.
    """
    match source:
        case WorkflowDef():
            return source
        case Mapping():
            return WorkflowDef.model_validate(source)
        case str() | Path():
            return load(source)
    if not callable(getattr(source, "definition", None)):
        raise TypeError(
            f"no definition: {source!r}; give a WorkflowDef, a Workflow of the builder, a dict, or "
            "the path of a JSON or YAML file"
        )
    return source.definition()


def all_tasks(definitions: Iterable[WorkflowDef]) -> Iterator[WorkflowTask]:
    """Yield every task of the definitions, in whatever depth, embedded workflows included."""
    for definition in definitions:
        yield from _within(definition.tasks)


def _within(tasks: Iterable[WorkflowTask]) -> Iterator[WorkflowTask]:
    for task in tasks:
        yield task
        for inner in _lists_in(task):
            yield from _within(inner)
        embedded = _embedded(task)
        if embedded is not None:
            yield from _within(embedded.tasks)


def _lists_in(task: WorkflowTask) -> Iterator[list[WorkflowTask]]:
    yield from task.decision_cases.values()
    yield task.default_case
    yield from task.fork_tasks
    yield task.loop_over


def _embedded(task: WorkflowTask) -> WorkflowDef | None:
    params = task.sub_workflow_param
    definition = None if params is None else params.workflow_definition
    return definition if isinstance(definition, WorkflowDef) else None


def check_mocks(names: Iterable[str], definitions: Iterable[WorkflowDef]) -> list[str]:
    """Return the mocked names that no task has: of tasks and workflows that only a run tells.

    Raises:
        UnknownMockError: Nothing could ever have such a name, or what has it is not mocked.
    """
    tasks = list(all_tasks(definitions))
    known = {name: task for task in tasks for name in _names(task)}
    unclaimed = []
    for name in names:
        task = known.get(name)
        if task is not None and task.type in _NOT_MOCKED:
            raise UnknownMockError(
                f"{name} is of type {task.type}: the engine does it in a test as everywhere, so "
                "it has no mock; mock what it depends on"
            )
        if task is None and name.split("__")[0] not in known:
            unclaimed.append(name)
    if unclaimed and not any(task.type in _OPEN or _names_at_run_time(task) for task in tasks):
        raise UnknownMockError(_unknown(unclaimed[0], tasks))
    return unclaimed


def _names(task: WorkflowTask) -> Iterator[str]:
    yield task.task_reference_name
    yield task.name
    if task.type not in _NOT_MOCKED and task.type not in ("SIMPLE", "SUB_WORKFLOW"):
        yield task.type
    if task.sub_workflow_param is not None and task.sub_workflow_param.name:
        yield task.sub_workflow_param.name


def _names_at_run_time(task: WorkflowTask) -> bool:
    params = task.sub_workflow_param
    return params is not None and (
        "${" in (params.name or "") or isinstance(params.workflow_definition, str)
    )


def _unknown(name: str, tasks: Iterable[WorkflowTask]) -> str:
    mockable = sorted({n for t in tasks if t.type not in _NOT_MOCKED for n in _names(t)})
    close = get_close_matches(name, mockable, n=1)
    meant = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(mockable)}"
    return f'no task is called "{name}": {meant}'


def with_stubs(definition: WorkflowDef, is_mocked: Callable[[str], bool]) -> WorkflowDef:
    """Return a definition in which each mocked sub-workflow is a stub."""
    tasks = [_stubbed(task, is_mocked) for task in definition.tasks]
    return definition.model_copy(update={"tasks": tasks})


def _stubbed(task: WorkflowTask, is_mocked: Callable[[str], bool]) -> WorkflowTask:
    def each(tasks: list[WorkflowTask]) -> list[WorkflowTask]:
        return [_stubbed(inner, is_mocked) for inner in tasks]

    if task.sub_workflow_param is not None:
        return _stubbed_sub_workflow(task, task.sub_workflow_param, is_mocked)
    if not any(_lists_in(task)):
        return task
    return task.model_copy(
        update={
            "decision_cases": {case: each(inner) for case, inner in task.decision_cases.items()},
            "default_case": each(task.default_case),
            "fork_tasks": [each(branch) for branch in task.fork_tasks],
            "loop_over": each(task.loop_over),
        }
    )


def _stubbed_sub_workflow(
    task: WorkflowTask, params: SubWorkflowParams, is_mocked: Callable[[str], bool]
) -> WorkflowTask:
    names = (task.task_reference_name, task.name, params.name or "")
    mock = next((name for name in names if is_mocked(name)), None)
    embedded = _embedded(task)
    if mock is not None:
        instead = stub(params.name or mock, mock, params.version or 1)
    elif embedded is not None:
        instead = with_stubs(embedded, is_mocked)
    else:
        return task
    changed = params.model_copy(update={"workflow_definition": instead})
    return task.model_copy(update={"sub_workflow_param": changed})
