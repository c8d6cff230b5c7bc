"""Upgrade: a running execution goes on by another version of its definition."""

from collections.abc import Iterable, Iterator
from typing import Final

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place, runtime_type
from dalsegno_state.execution import TaskState
from dalsegno_state.plan import Node, Plan

# What follows from the end of these is more than their neighbour: they are stepped over.
_STEPPED_OVER: Final = frozenset(
    {
        "DECISION",
        "DO_WHILE",
        "DYNAMIC",
        "EXCLUSIVE_JOIN",
        "FORK_JOIN",
        "FORK_JOIN_DYNAMIC",
        "JOIN",
        "SET_VARIABLE",
        "START_WORKFLOW",
        "SUB_WORKFLOW",
        "SWITCH",
        "TERMINATE",
    }
)


def upgrade_obstacles(old: Plan, new: Plan, tasks: Iterable[TaskState]) -> Iterator[str]:
    """Yield what keeps an execution that has these tasks from going on by another plan."""
    planned = [task for task in tasks if task.node is None and task.root is None]
    refs = {task.base_ref for task in planned}
    for ref in sorted(refs & old.nodes.keys()):
        yield from _misfits(old.nodes[ref], new)
    ended = {task.base_ref for task in planned if task.status.is_terminal}
    for ref in old.nodes.keys() & new.nodes.keys() - ended:
        before, after = old.nodes[ref].task, new.nodes[ref].task
        is_begun = ref in refs or not refs.isdisjoint(before.join_on)
        if before.type == "JOIN" and is_begun and before.join_on != after.join_on:
            yield f"JOIN {ref} waits for its tasks already, and joins others"


def _misfits(executed: Node, new: Plan) -> Iterator[str]:
    """Yield what is wrong with the place of an executed task in a new plan."""
    ref, kind = executed.ref, executed.task.type
    node = new.nodes.get(ref)
    if node is None:
        yield f"task {ref} has been executed, and is not in version {new.definition.version}"
    elif node.task.type != kind:
        yield f"task {ref} has been executed as {kind}, and is {node.task.type}"
    elif (node.parent_ref, node.role) != (executed.parent_ref, executed.role):
        yield f"task {ref} has been executed, and is in another place"


def upgrade(draft: Draft, arguments: JsonObject) -> bool:
    """Give an output to the tasks that execution has passed without doing them.

    Return whether that is all of them. The plan is the new one already.
    """
    given = arguments.get("taskOutput")
    plan = draft.view.plan
    if plan.first_ref is None:
        return True
    for place in list(_passed(draft, Place(plan, plan.nodes[plan.first_ref], ()))):
        if not draft.has_budget:
            return False
        is_plain = place.node.task.type not in _STEPPED_OVER
        attempts.new_task(
            draft,
            place,
            flow.NO_SEED,
            status=TaskStatus.COMPLETED if is_plain else TaskStatus.SKIPPED,
            task_type=runtime_type(place.node.task),
            inputs={},
            output=given if is_plain and isinstance(given, dict) else {},
        )
    return True


def _passed(draft: Draft, first: Place) -> Iterator[Place]:
    """Yield the places without a task in a list that has tasks further on, and in these."""
    places = [first.at(node.ref) for node in first.plan.list_from(first.node)]
    tasks = [draft.task(place.ref) for place in places]
    met = [number for number, task in enumerate(tasks) if task is not None]
    for place, task in zip(places[: max(met, default=-1) + 1], tasks, strict=False):
        if task is None:
            yield place
            continue
        iterations = (*place.iterations, task.turn) if task.task_type == "DO_WHILE" else None
        for inner in place.plan.lists_in(place.node.ref):
            yield from _passed(draft, place.at(inner.ref, iterations))
