"""The branches of a dynamic fork, in each of the forms an input can list them."""

from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from dalsegno.models import (
    DynamicForkJoinTaskList,
    JsonObject,
    JsonValue,
    SubWorkflowParams,
    WorkflowTask,
)
from dalsegno_state.expressions import as_template, json_text
from dalsegno_state.reserved_names import SYSTEM_WORK
from dalsegno_state.whole_numbers import whole_number

# A fork's item lists all of its branches, within the 10 MB that any payload may have.
MAX_TASKS: Final = 20_000
# Under which a task's reference name may be listed: wire models take Python's names, too.
_NAMES: Final = frozenset(
    {"taskReferenceName", "task_reference_name", "referenceName", "reference_name"}
)


class BranchError(Exception):
    """The input of a dynamic fork does not say what to run."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch: a task, and inputs laid over its parameters."""

    task: WorkflowTask
    inputs: JsonObject = field(default_factory=dict)

    @property
    def ref(self) -> str:
        """Reference name of the branch's task."""
        return self.task.task_reference_name


def branches_of(fork: WorkflowTask, inputs: JsonObject, *, has_precedent: bool) -> list[Branch]:
    """Return the branches a fork's input lists; the first form that is there wins.

    Args:
        fork: The dynamic fork.
        inputs: Its evaluated input.
        has_precedent: Another dynamic fork ran before, so generated names carry this one's.

    Raises:
        BranchError: The input is not one of the forms, or lists too many tasks.
    """
    same_for_all = inputs.get("forkTaskInputs")
    if isinstance(same_for_all, list):
        _check_count("forkTaskInputs", len(same_for_all))
        return _same_task(fork, inputs, same_for_all, has_precedent=has_precedent)
    if fork.dynamic_fork_tasks_param:
        return _listed_tasks(fork, inputs)
    if fork.dynamic_fork_join_tasks_param:
        return _old_form(fork.dynamic_fork_join_tasks_param, inputs)
    raise BranchError(
        f"Dynamic fork {fork.task_reference_name} has no list of tasks: give it forkTaskInputs, or "
        "dynamicForkTasksParam and dynamicForkTasksInputParamName"
    )


def _check_count(param: str, count: int) -> None:
    if count > MAX_TASKS:
        raise BranchError(
            f"Input '{param}' lists {count:,} tasks, nested ones included, but a dynamic fork "
            f"takes {MAX_TASKS:,}: fork over parts of the list, in sub-workflows"
        )


def _count_tasks(listed: JsonValue) -> int:
    """Return how many objects at any depth have a reference name."""
    count, pending = 0, [listed]
    while pending:
        match pending.pop():
            case dict() as mapping:
                count += not _NAMES.isdisjoint(mapping)
                pending.extend(mapping.values())
            case list() as items:
                pending.extend(items)
            case _:
                pass
    return count


def _same_task(
    fork: WorkflowTask, inputs: JsonObject, elements: list[JsonValue], *, has_precedent: bool
) -> list[Branch]:
    workflow = inputs.get("forkTaskWorkflow")
    named = inputs.get("forkTaskName")
    default_type = named if isinstance(named, str) and named in SYSTEM_WORK else "SIMPLE"
    task_type = str(inputs.get("forkTaskType") or default_type)
    is_system = task_type != "SIMPLE" and workflow is None
    name = json_text(named) if named else (task_type if is_system else fork.task_reference_name)
    prefix = f"_{fork.task_reference_name}" if has_precedent else ""
    branches = []
    for index, element in enumerate(elements):
        given: JsonObject = element if isinstance(element, dict) else {"input": element}
        task = WorkflowTask(
            name=json_text(workflow) if workflow is not None and not named else name,
            task_reference_name=f"{prefix}_{name}_{index}",
            type="SUB_WORKFLOW" if workflow is not None else task_type,
            sub_workflow_param=_sub_workflow(inputs, given) if workflow is not None else None,
            optional=fork.optional,
        )
        branches.append(Branch(task, {**given, "__index": index}))
    return branches


def _sub_workflow(inputs: JsonObject, element: JsonObject) -> SubWorkflowParams:
    version = inputs.get("forkTaskWorkflowVersion")
    number = whole_number(version)
    if number is None and version not in (None, ""):
        raise BranchError(f"forkTaskWorkflowVersion is not a number: {json_text(version)[:200]}")
    domains = element.get("taskToDomain")
    try:
        return SubWorkflowParams(
            name=json_text(inputs.get("forkTaskWorkflow")),
            version=number,
            task_to_domain={str(k): str(v) for k, v in domains.items()}
            if isinstance(domains, dict)
            else None,
        )
    except ValueError as error:
        raise BranchError(f"forkTaskWorkflowVersion is too large: {version}") from error


def _listed_tasks(fork: WorkflowTask, inputs: JsonObject) -> list[Branch]:
    param = fork.dynamic_fork_tasks_param or ""
    listed = inputs.get(param)
    _check_count(param, _count_tasks(listed))
    extras = inputs.get(fork.dynamic_fork_tasks_input_param_name or "")
    if extras is None:
        extras = {}
    if not isinstance(extras, dict):
        raise BranchError(
            f"Input to the dynamically forked tasks is not a map -> expecting a map of K,V  but "
            f"found {json_text(extras)[:200]}"
        )
    try:
        if not isinstance(listed, list):
            raise BranchError(_not_a_list(param, listed))
        tasks = [WorkflowTask.model_validate(as_template(task)) for task in listed]
    except ValidationError as error:
        raise BranchError(_not_a_list(param, listed)) from error
    if any(not task.task_reference_name for task in tasks):
        raise BranchError(f"Input '{param}' is invalid. Each task needs a taskReferenceName")
    return [Branch(_named(task), _inputs_of(task, extras)) for task in tasks]


def _inputs_of(task: WorkflowTask, extras: JsonObject) -> JsonObject:
    given = extras.get(task.task_reference_name)
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise BranchError(
            f"Input to the dynamically forked tasks is not a map -> expecting a map of K,V  but "
            f"found {json_text(given)[:200]} for {task.task_reference_name}"
        )
    return given


def _named(task: WorkflowTask) -> WorkflowTask:
    return task if task.name else task.model_copy(update={"name": task.task_reference_name})


def _not_a_list(param: str, listed: JsonValue) -> str:
    shown = json_text(listed)[:200]
    return f"Input '{param}' is invalid. Cannot deserialize a list of Workflow Tasks from '{shown}'"


def _old_form(param: str, inputs: JsonObject) -> list[Branch]:
    value = inputs.get(param)
    _check_count(param, _count_tasks(value))
    try:
        listed = DynamicForkJoinTaskList.model_validate(value)
    except ValidationError as error:
        shown = json_text(value)[:200]
        raise BranchError(
            f"The input of the dynamic fork is not a list of dynamic tasks: {shown}"
        ) from error
    return [
        Branch(
            WorkflowTask(
                name=task.task_name,
                task_reference_name=task.reference_name,
                type=task.type,
                sub_workflow_param=SubWorkflowParams(name=task.workflow_name)
                if task.workflow_name
                else None,
            ),
            task.input,
        )
        for task in listed.dynamic_tasks
    ]
