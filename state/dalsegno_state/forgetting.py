"""Loops with ``keepLastN``: whether a turn has been dropped, so that nothing of it may exist."""

from collections.abc import Iterator
from typing import Final

from dalsegno.models import TaskStatus
from dalsegno_state import ids
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.plan import Node, Plan

_KEEP: Final = "keepLastN"


def forgets(plan: Plan, node: Node) -> bool:
    """Return whether one of the loops around a node keeps its last turns only."""
    return any(_KEEP in plan.nodes[loop_ref].task.input_parameters for loop_ref in node.loops)


def may_be_forgotten(plan: Plan, task: TaskState) -> bool:
    """Return whether a task goes with the turns of a loop; dynamic branches stay."""
    is_dynamic = task.node is not None or task.root is not None
    return not is_dynamic and forgets(plan, plan.nodes[task.base_ref])


def kept_turns(draft: Draft, loop: TaskState) -> int | None:
    """Return how many ended turns a loop keeps, None if all of them."""
    keep = draft.payload(loop.input).get(_KEEP)
    if not isinstance(keep, int) or isinstance(keep, bool):
        return None
    return keep if keep > 0 else None


def loops_around(draft: Draft, place: Place) -> Iterator[tuple[TaskState, int]]:
    """Yield the loops around a place that exist, each with the turn in which the place is."""
    outer = len(place.iterations) - len(place.node.loops)
    for depth, loop_ref in enumerate(place.node.loops, start=outer):
        loop = draft.task(ids.full_ref(loop_ref, place.iterations[:depth]))
        if loop is not None:
            yield loop, place.iterations[depth]


def is_past(draft: Draft, place: Place) -> bool:
    """Return whether a loop around a place is in another turn than the place."""
    return any(loop.turn != turn for loop, turn in loops_around(draft, place))


def is_forgotten(draft: Draft, place: Place, *, soon: bool = False) -> bool:
    """Return whether a loop around a place has dropped its turn.

    A turn is dropped when a later one ends; with ``soon``, one that goes with the turn under way
    counts as well.
    """
    if not forgets(place.plan, place.node):
        return False
    for loop, turn in loops_around(draft, place):
        keep = kept_turns(draft, loop)
        has_ended = loop.status is TaskStatus.COMPLETED
        if keep is not None and turn + keep < loop.turn + (soon or has_ended):
            return True
    return False
