"""FORK_JOIN_DYNAMIC: run side by side as many branches as the input lists."""

from collections.abc import Iterator
from itertools import chain
from typing import ClassVar

from dalsegno.models import JsonObject, TaskStatus, WorkflowTask
from dalsegno_state import attempts, flow, ids
from dalsegno_state.draft import Draft, Place
from dalsegno_state.dynamic_branches import Branch, BranchError, branches_of
from dalsegno_state.ending import give_up
from dalsegno_state.execution import Membership, TaskState
from dalsegno_state.plan import compile_branch, looped_names_in, names_in
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.fork_join import is_followed_by_join


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    of_task = f"taskType: FORK_JOIN_DYNAMIC taskName: {task.name}"
    if task.dynamic_fork_join_tasks_param:
        if task.dynamic_fork_tasks_param or task.dynamic_fork_tasks_input_param_name:
            yield (
                "dynamicForkJoinTasksParam or combination of dynamicForkTasksInputParamName "
                f"and dynamicForkTasksParam cam be used for {of_task}"
            )
        return
    if "forkTaskInputs" in task.input_parameters:
        return
    if not task.dynamic_fork_tasks_param:
        yield f"dynamicForkTasksParam field is required for {of_task}"
    if not task.dynamic_fork_tasks_input_param_name:
        yield f"dynamicForkTasksInputParamName field is required for {of_task}"


class ForkJoinDynamic:
    """Stores the list of its branches, then creates them in chunks, then the JOIN."""

    type: ClassVar[str] = "FORK"
    is_instant: ClassVar[bool] = True

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        if not is_followed_by_join(place):
            give_up(
                draft,
                None,
                "Dynamic join definition is not followed by a join task.  "
                "Check the workflow definition.",
            )
            return
        inputs = attempts.input_of(draft, place, seed, None)
        try:
            branches = branches_of(place.node.task, inputs, has_precedent=_has_precedent(place))
            _refuse_duplicates(draft, place, branches)
        except BranchError as error:
            give_up(draft, None, str(error))
            return
        attempts.new_task(
            draft,
            place,
            seed,
            status=TaskStatus.COMPLETED,
            task_type=self.type,
            inputs={
                **inputs,
                "forkedTasks": [branch.ref for branch in branches],
                "forkedTaskDefs": [_defined(draft, branch) for branch in branches],
                "forkedTaskInputs": [branch.inputs for branch in branches],
            },
        )

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """Never asked: a fork is born finished."""

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``; goes on where ``draft.start`` says."""
        branches = _stored(draft.payload(task.input))
        join_ref = place.full_ref(str(place.node.next_ref))
        start, draft.start = draft.start, 0
        for index in range(start, len(branches)):
            if index > start and not draft.has_budget:
                draft.look_later(task.ref, start=index)
                return
            node, inputs = branches[index]
            _schedule_branch(
                draft,
                place,
                Seed(
                    node=node,
                    inputs=inputs,
                    membership=Membership(join_ref=join_ref, index=index, size=len(branches)),
                ),
            )
        names = [str(node["taskReferenceName"]) for node, _ in branches]
        refs = [ids.full_ref(name, place.iterations) for name in names]
        flow.schedule(draft, place.at(str(place.node.next_ref)), Seed(join_on=refs))


def _schedule_branch(draft: Draft, place: Place, seed: Seed) -> None:
    ref = ids.full_ref(str((seed.node or {})["taskReferenceName"]), place.iterations)
    if ref not in draft.view.branches:
        draft.view.branches[ref] = compile_branch(seed.node or {})
    plan = draft.view.branches[ref]
    first = plan.nodes[str(plan.first_ref)]
    flow.schedule(draft, Place(plan, first, place.iterations, ref), seed)


def _stored(inputs: JsonObject) -> list[tuple[JsonObject, JsonObject]]:
    """Return each branch's task and inputs as the fork's item keeps them."""
    nodes, extras = inputs.get("forkedTaskDefs"), inputs.get("forkedTaskInputs")
    if not isinstance(nodes, list) or not isinstance(extras, list):
        return []
    pairs = zip(nodes, extras, strict=True)
    return [(n, e) for n, e in pairs if isinstance(n, dict) and isinstance(e, dict)]


def _defined(draft: Draft, branch: Branch) -> JsonObject:
    """Return a branch's task with its definition, if one is registered under its name."""
    if branch.task.task_definition is None:
        task_def = draft.stored_task_def(branch.task.name)
        if task_def is not None:
            return branch.task.model_copy(update={"task_definition": task_def}).to_wire()
    return branch.task.to_wire()


def _has_precedent(place: Place) -> bool:
    """Return whether another dynamic fork stands before this one in the definition.

    Conductor asks whether one has run, which side by side depends on who is faster.
    """
    forks = [n.ref for n in place.plan.nodes.values() if n.task.type == "FORK_JOIN_DYNAMIC"]
    return forks[0] != place.node.ref


def _refuse_duplicates(draft: Draft, place: Place, branches: list[Branch]) -> None:
    nodes = draft.view.plan.nodes
    seen = set(nodes)
    looped = {node.ref for node in nodes.values() if node.loops}
    is_in_loop = bool(place.iterations)
    for branch in branches:
        looped.update(looped_names_in(branch.task, is_in_loop=is_in_loop))
    for name in chain.from_iterable(names_in(branch.task) for branch in branches):
        if name in seen:
            raise BranchError(
                _not_created(draft, place, f"a duplicate task reference name: {name}")
            )
        seen.add(name)
    for name in seen if looped else ():
        if (turned := ids.turn_of(name, looped)) is not None:
            raise BranchError(
                _not_created(
                    draft, place, f"{name}, the name of a turn of {turned}, which is in a loop"
                )
            )


def _not_created(draft: Draft, place: Place, attempt: str) -> str:
    return (
        f"No dynamic tasks could be created for the Workflow: {draft.workflow.workflow_id}, "
        f"Dynamic Fork Task: {place.ref}, attempted to create {attempt}"
    )
