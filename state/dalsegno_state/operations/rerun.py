"""Rerun: from one of its tasks, or from its beginning."""

from collections.abc import Iterator
from dataclasses import replace

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import flow, ids
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.operations.reopening import delete, is_of_this_run, reopen_unsuccessful
from dalsegno_state.outputs import members
from dalsegno_state.plan import Role
from dalsegno_state.task_type import Seed


def rerun(draft: Draft, arguments: JsonObject) -> bool:
    """Forget what came behind a task and do it again, with all else that ended badly.

    Return whether that is all; without a task, everything is forgotten.
    """
    ref = arguments.get("ref")
    if not isinstance(ref, str):
        return delete(draft, draft.everything())
    target = draft.task(ref)
    if target is not None and not is_of_this_run(draft, target):
        doomed = behind(draft, draft.place_of(target), target)
        kept = [task for task in draft.everything() if task.ref in doomed and task.ref != ref]
        if not delete(draft, kept):
            return False
        rewind_loops(draft, draft.place_of(target))
        given = arguments.get("taskInput")
        do_again(draft, target, given if isinstance(given, dict) else None)
    return reopen_unsuccessful(draft)


def do_again(draft: Draft, target: TaskState, given: JsonObject | None) -> None:
    """Delete the task and schedule it as if for the first time, in this run."""
    place = draft.place_of(target)
    if given is None and target.node is not None:
        given = _given_by_fork(draft, target)
    draft.delete(target.ref)
    flow.behaviour(draft, place).schedule(
        draft,
        place,
        Seed(
            node=target.node,
            whole_input=given,
            membership=target.membership,
            # What a dynamic fork told its JOIN, no definition does.
            join_on=members(draft, target) if target.task_type == "JOIN" else None,
        ),
    )


def _given_by_fork(draft: Draft, target: TaskState) -> JsonObject:
    """Return the input of a dynamic branch's root: its parameters alone do not tell it."""
    stored = draft.payload(target.input)
    given = stored.get("workflowInput") if target.task_type == "SUB_WORKFLOW" else stored
    return given if isinstance(given, dict) else {}


def rewind_loops(draft: Draft, place: Place) -> None:
    """Put the loops around a place back into the turn it belongs to."""
    for depth, loop_ref in enumerate(reversed(place.node.loops), start=1):
        iterations = place.iterations[: len(place.iterations) - depth]
        loop = draft.task(ids.full_ref(loop_ref, iterations))
        if loop is not None:
            turn = place.iterations[len(place.iterations) - depth]
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


def behind(draft: Draft, place: Place, target: TaskState | None) -> set[str]:
    """Return the references of all tasks that came about because of one at a place.

    ``target`` is the task itself if it exists.
    """
    spots = set(_spots_behind(place))
    joins = set() if target is None else _joins_behind(draft, target)
    found = set()
    for task in draft.everything():
        if task.ref in joins or _is_behind(task, place, spots):
            found.add(task.ref)
    roots = {ref for ref in found if (t := draft.task(ref)) is not None and t.node is not None}
    forks = set(_joins_of_forks(draft, found | {place.ref}))
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
    return {join.ref} | behind(draft, draft.place_of(join), join)


def _joins_of_forks(draft: Draft, refs: set[str]) -> Iterator[str]:
    """Yield the JOINs of the dynamic forks among some tasks: their branches go with them."""
    for ref in refs:
        task = draft.task(ref)
        if task is not None and task.task_type == "FORK":
            place = draft.place_of(task)
            if place.node.task.type == "FORK_JOIN_DYNAMIC" and place.node.next_ref is not None:
                yield place.full_ref(place.node.next_ref)
