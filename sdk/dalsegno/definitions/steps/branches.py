"""Steps side by side: a fixed number of branches, or one for each of a list."""

from collections.abc import Mapping
from typing import Final

from dalsegno.definitions.errors import refuse
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.step import NamesTask, Step, Steps, some_tasks_of, step_of
from dalsegno.definitions.steps.work import task_type_of
from dalsegno.models import WorkflowTask

# What a step may say about the tasks of a fork, which has no place for more.
_TOLD: Final = {
    "description",
    "name",
    "sub_workflow_param",
    "task_reference_name",
    "type",
    "version",
}


def parallel(*branches: Steps, ref: str = "parallel", join_ref: str | None = None) -> Step:
    """Return branches that run side by side, and a wait for the end of all of them.

    Its output is that of the last step of each branch, by reference name.

    Args:
        *branches: Each a step or a list of steps.
        ref: Reference name.
        join_ref: Reference name of the wait, ``<ref>_join`` by default.

    Raises:
        InvalidDefinitionError: There is no branch, or an empty one.
    """
    forked = fork(*branches, ref=ref)
    ends = [branch[-1].task_reference_name for branch in forked.tasks[0].fork_tasks]
    return _joined(forked, join_ref, *ends)


def fork(*branches: Steps, ref: str = "fork") -> Step:
    """Return the beginning of branches; ``join`` must follow. ``parallel`` is both."""
    if not branches:
        raise refuse(f"fork {ref}", "there is no branch: give lists of steps")
    forks: list[list[WorkflowTask]] = [
        some_tasks_of(branch, f"fork {ref}: branch {number}")
        for number, branch in enumerate(branches, 1)
    ]
    return step_of("FORK_JOIN", ref, {}, forkTasks=forks)


def join(*steps: Step | str, ref: str = "join") -> Step:
    """Return a wait for the end of these steps; after a dynamic fork for all of its."""
    names = [step.ref if isinstance(step, Step) else step for step in steps]
    return step_of("JOIN", ref, {}, joinOn=names)


def each(
    items: Expression | str | list[Value],
    do: str | NamesTask | Step,
    /,
    ref: str = "each",
    *,
    join_ref: str | None = None,
) -> Step:
    """Return a task or sub-workflow for each of a list, all side by side, and a wait for them.

    An object in the list is the input of its task, any other value is its input ``input``. One
    after the other is ``loop(steps, over=items)``.

    Args:
        items: The list.
        do: A task type or worker; or a ``task`` or ``subworkflow`` without inputs.
        ref: Reference name; its tasks are ``_<name>_0``, ``_<name>_1`` and so on.
        join_ref: Reference name of the wait, ``<ref>_join`` by default.

    Raises:
        InvalidDefinitionError: ``do`` has inputs or options of its own, or is no such step.
    """
    what = f"step {ref}"
    inputs = _template(do, what) if isinstance(do, Step) else {"forkTaskName": task_type_of(do)}
    forked = step_of("FORK_JOIN_DYNAMIC", ref, {**inputs, "forkTaskInputs": items})
    return _joined(forked, join_ref)


def dynamic_fork(
    tasks: Expression | str,
    inputs: Expression | str,
    /,
    ref: str = "dynamic_fork",
    *,
    join_ref: str | None = None,
) -> Step:
    """Return tasks that an earlier step has listed, side by side, and a wait for them.

    Args:
        tasks: A list of tasks as a definition has them.
        inputs: Their inputs by reference name.
        ref: Reference name.
        join_ref: Reference name of the wait, ``<ref>_join`` by default.
    """
    forked = step_of(
        "FORK_JOIN_DYNAMIC",
        ref,
        {"tasks": tasks, "inputs": inputs},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    return _joined(forked, join_ref)


def _joined(forked: Step, join_ref: str | None, *ends: str) -> Step:
    joining = join(*ends, ref=f"{forked.ref}_join" if join_ref is None else join_ref)
    return Step((*forked.tasks, *joining.tasks))


def _template(step: Step, what: str) -> Mapping[str, Value]:
    task, params = step.tasks[0], step.tasks[0].sub_workflow_param
    if task.input_parameters:
        given = ", ".join(task.input_parameters)
        raise refuse(
            what,
            f"each item is the whole input of its task, so {step.ref} cannot have inputs "
            f"({given}): put them into the items, or use loop(..., over=...)",
        )
    is_by_name = params is not None and params.name and params.workflow_definition is None
    others = len(step.tasks) > 1 or task.type in {"SUB_WORKFLOW", "SWITCH", "DO_WHILE"}
    if others and not is_by_name:
        raise refuse(
            what,
            f"{task.type} cannot be done for each: give a task, or a subworkflow by its name",
        )
    if options := _options(task):
        raise refuse(
            what,
            f"the tasks of {step.ref} would lack {', '.join(options)}: leave it to the task "
            "definition of their name, or do a workflow of one step for each",
        )
    if params is not None:
        version = {} if params.version is None else {"forkTaskWorkflowVersion": params.version}
        return {"forkTaskWorkflow": params.name, **version}
    kind = {} if task.type == "SIMPLE" else {"forkTaskType": task.type}
    return {"forkTaskName": task.name, **kind}


def _options(task: WorkflowTask) -> list[str]:
    """Return what a step says that a fork cannot tell the tasks it creates."""
    params = task.sub_workflow_param
    said = task.model_dump(exclude_defaults=True, exclude=_TOLD)
    also = {} if params is None else params.model_dump(exclude_defaults=True, exclude=_TOLD)
    return [*said, *also]
