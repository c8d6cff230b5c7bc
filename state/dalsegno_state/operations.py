"""Retry, rerun, restart and revival: how an ended execution is made to go on.

The workflow item is set running first, with the operation noted on it and its ``run`` raised;
until the operation is done nothing else moves. Whoever finds it unfinished repeats it: what it
has dealt with already is told by the run in the task ids, or is open again.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from dalsegno.models import EpochMillis, JsonObject, TaskStatus, WorkflowStatus
from dalsegno_state import flow, ids
from dalsegno_state.draft import Draft, Place, Tools
from dalsegno_state.execution import Operation, TaskState, WorkflowState
from dalsegno_state.plan import Role
from dalsegno_state.retry import Again, next_attempt
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.transition import Transition
from dalsegno_state.view import View

_REOPENED_IN_PLACE: Final = frozenset({"JOIN", "EXCLUSIVE_JOIN", "DO_WHILE"})
_WAITING: Final = frozenset({"WAIT", "HUMAN"})


def set_going(workflow: WorkflowState, operation: Operation, now: EpochMillis) -> WorkflowState:
    """Return an ended workflow set running again, its operation yet to be carried out."""
    return replace(
        workflow,
        revision=workflow.revision + 1,
        run=workflow.run + 1,
        status=WorkflowStatus.RUNNING,
        operation=operation,
        reason=None,
        failed_task_id=None,
        failed_refs=(),
        ended_at=0,
        closing=False,
        last_retried_at=now,
        updated_at=now,
    )


def continue_operation(view: View, *, now: EpochMillis, tools: Tools) -> Transition:
    """Return the next part of a workflow's operation; its last part takes the note away."""
    draft = Draft(view, tools, now, TASK_TYPES)
    draft.operating = True
    operation = view.workflow.operation
    if operation is None:
        return draft.transition()
    match operation.kind:
        case "restart":
            done = _delete(draft, draft.everything())
        case "rerun":
            done = _rerun(draft, operation.arguments)
        case "revive":
            done = _revive(draft, str(operation.arguments.get("ref")))
        case _:
            done = _reopen_unsuccessful(draft)
    flow.drain(draft)
    if done:
        draft.update_workflow(replace(draft.workflow, operation=None))
        for ref in draft.agenda:
            draft.look_later(ref)
    return draft.transition()


def retriable(tasks: list[TaskState]) -> list[TaskState]:
    """Return the tasks that a retry would do again."""
    return [task for task in tasks if task.status.is_terminal and not task.status.is_successful]


def _is_of_this_run(draft: Draft, task: TaskState) -> bool:
    address = ids.parse_task_id(task.task_id)
    return address is not None and address.run >= draft.workflow.run


def _delete(draft: Draft, tasks: list[TaskState]) -> bool:
    """Delete the tasks of earlier runs; return whether there are no more of them."""
    for task in tasks:
        if not _is_of_this_run(draft, task):
            if not draft.has_budget:
                return False
            draft.delete(task.ref)
    return True


def _reopen_unsuccessful(draft: Draft) -> bool:
    """Give every task that ended badly another go; return whether that is all of them."""
    for task in retriable(draft.everything()):
        if _is_of_this_run(draft, task):
            continue  # this operation's own attempt, and it failed already
        if not draft.has_budget:
            return False
        _reopen(draft, task)
    return True


def _reopen(draft: Draft, task: TaskState) -> None:
    place = draft.place_of(task)
    if task.task_type in _REOPENED_IN_PLACE:
        again = replace(
            task,
            status=TaskStatus.IN_PROGRESS,
            retry_count=task.retry_count + 1,
            reason=None,
            first_scheduled_at=draft.now,
            started_at=draft.now,
            ended_at=0,
            updated_at=draft.now,
            ends_workflow=False,
        )
    else:
        again = _another_attempt(draft, task, place)
        draft.freeze(task)
    draft.replace(task, again)
    draft.look_later(task.ref)


def _another_attempt(draft: Draft, task: TaskState, place: Place) -> TaskState:
    new_id = ids.task_id(task.workflow_id, draft.workflow.run, task.retry_count + 1, task.ref)
    fresh = flow.evaluated(draft, place.node.task.input_parameters, new_id)
    attempt = replace(
        next_attempt(task, new_id, Again(0, 0), draft.now),
        input={**draft.payload(task.input), **(fresh if isinstance(fresh, dict) else {})},
        reason=None,
        first_scheduled_at=draft.now,  # or its total timeout would end it again at once
        ends_workflow=False,
    )
    if task.task_type not in _WAITING:
        return attempt
    return replace(
        attempt,
        status=TaskStatus.IN_PROGRESS,
        started_at=draft.now,
        wait_until=task.wait_until,
    )


def _revive(draft: Draft, ref: str) -> bool:
    """Take up a SUB_WORKFLOW task whose workflow runs again, and what its end cut short."""
    task = draft.task(ref)
    if task is not None and task.status.is_terminal:
        again = replace(
            task,
            status=TaskStatus.IN_PROGRESS,
            reason=None,
            ended_at=0,
            updated_at=draft.now,
            ends_workflow=False,
        )
        draft.replace(task, again)
    return _reopen_unsuccessful(draft)


def _rerun(draft: Draft, arguments: JsonObject) -> bool:
    ref = arguments.get("ref")
    if not isinstance(ref, str):
        return _delete(draft, draft.everything())
    target = draft.task(ref)
    if target is not None and not _is_of_this_run(draft, target):
        doomed = _behind(draft, target)
        kept = [task for task in draft.everything() if task.ref in doomed and task.ref != ref]
        if not _delete(draft, kept):
            return False
        _rewind_loops(draft, target)
        _do_again(draft, target, arguments.get("taskInput"))
    return _reopen_unsuccessful(draft)


def _do_again(draft: Draft, target: TaskState, task_input: object) -> None:
    """Delete the task and schedule it as if for the first time, in this run."""
    place = draft.place_of(target)
    given = task_input if isinstance(task_input, dict) else None
    if given is None and target.node is not None:
        given = _given_by_fork(draft, target)
    draft.delete(target.ref)
    flow.behaviour(draft, place).schedule(
        draft,
        place,
        Seed(node=target.node, whole_input=given, membership=target.membership),
    )


def _given_by_fork(draft: Draft, target: TaskState) -> JsonObject:
    """Return the input of a dynamic branch's root: its parameters alone do not tell it."""
    stored = draft.payload(target.input)
    given = stored.get("workflowInput") if target.task_type == "SUB_WORKFLOW" else stored
    return given if isinstance(given, dict) else {}


def _rewind_loops(draft: Draft, target: TaskState) -> None:
    """Put the loops around a task back into the turn it belongs to."""
    place = draft.place_of(target)
    for depth, loop_ref in enumerate(reversed(place.node.loops), start=1):
        iterations = target.iterations[: len(target.iterations) - depth]
        loop = draft.task(ids.full_ref(loop_ref, iterations))
        if loop is not None:
            turn = target.iterations[len(target.iterations) - depth]
            draft.replace(
                loop,
                replace(
                    loop,
                    status=TaskStatus.IN_PROGRESS,
                    turn=turn,
                    output={**draft.payload(loop.output), "iteration": turn},
                    reason=None,
                    ended_at=0,
                    updated_at=draft.now,
                ),
            )


def _behind(draft: Draft, target: TaskState) -> set[str]:
    """Return the references of all tasks that came about because of a task."""
    place = draft.place_of(target)
    spots = set(_spots_behind(place))
    joins = _joins_behind(draft, target)
    found = set()
    for task in draft.everything():
        if task.ref in joins or _is_behind(task, place, spots):
            found.add(task.ref)
    roots = {ref for ref in found if (t := draft.task(ref)) is not None and t.node is not None}
    forks = set(_joins_of_forks(draft, found, target))
    for task in draft.everything():
        if task.membership is not None and task.membership.join_ref in forks:
            found.add(task.ref)
            roots.add(task.ref)
    return found | {task.ref for task in draft.everything() if task.root in roots}


def _spots_behind(place: Place) -> Iterator[tuple[str, int]]:
    """Yield what follows a place: base references, and how many iterations must be equal."""
    node, depth = place.node, len(place.iterations)
    for inner in place.plan.within(node.ref):
        if inner.ref != node.ref:
            yield inner.ref, depth
    while True:
        next_ref = node.next_ref
        while next_ref is not None:
            for inner in place.plan.within(next_ref):
                yield inner.ref, depth
            next_ref = place.plan.nodes[next_ref].next_ref
        if node.parent_ref is None:
            return
        parent = place.plan.nodes[node.parent_ref]
        if node.role is Role.BODY:
            depth -= 1
        node = parent


def _is_behind(task: TaskState, place: Place, spots: set[tuple[str, int]]) -> bool:
    if task.root != place.root:
        return False
    for ref, depth in spots:
        if task.base_ref == ref and task.iterations[:depth] == place.iterations[:depth]:
            return True
    return _is_of_later_turn(task, place)


def _is_of_later_turn(task: TaskState, place: Place) -> bool:
    """Return whether a task belongs to a later turn of a loop around a place."""
    loops = set(place.node.loops)
    node = place.plan.nodes.get(task.base_ref)
    if node is None or not loops & set(node.loops):
        return False
    shared = min(len(task.iterations), len(place.iterations))
    return task.iterations[:shared] > place.iterations[:shared]


def _joins_behind(draft: Draft, target: TaskState) -> set[str]:
    """Return the JOIN of the dynamic fork that a task is a branch of, and what follows it."""
    root = draft.task(target.root) if target.root is not None else target
    if root is None or root.membership is None:
        return set()
    join = draft.task(root.membership.join_ref)
    if join is None:
        return set()
    return {join.ref} | _behind(draft, join)


def _joins_of_forks(draft: Draft, found: set[str], target: TaskState) -> Iterator[str]:
    """Yield the JOINs of the dynamic forks among some tasks: their branches go with them."""
    for ref in found | {target.ref}:
        task = draft.task(ref)
        if task is not None and task.task_type == "FORK":
            place = draft.place_of(task)
            if place.node.task.type == "FORK_JOIN_DYNAMIC" and place.node.next_ref is not None:
                yield place.full_ref(place.node.next_ref)
