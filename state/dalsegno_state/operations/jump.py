"""Jump: go on at a task of the operator's choice, forwards or back."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import attempts, flow, ids
from dalsegno_state.draft import Draft, Place, runtime_type
from dalsegno_state.ending import end_of_abandoned
from dalsegno_state.execution import TaskState
from dalsegno_state.operations.reopening import delete, is_of_this_run
from dalsegno_state.operations.rerun import behind, rewind_loops
from dalsegno_state.plan import Node, Plan, Role
from dalsegno_state.task_type import Seed

_CHOOSERS: Final = frozenset({"SWITCH", "DECISION"})


def jump_obstacle(plan: Plan, tasks: Iterable[TaskState], ref: str) -> str | None:
    """Return why an execution cannot go on at a task of its plan, None if it can."""
    node = plan.nodes.get(ref)
    if node is None:
        return f"The task referenced by {ref} does not exist in the workflow definition"
    if node.task.type in {"JOIN", "EXCLUSIVE_JOIN"}:
        return f"{ref} is a {node.task.type}: jump to the fork before it, or to what follows it"
    begun = {task.base_ref for task in tasks}
    for around in _around(plan, node):
        if around.task.type not in _CHOOSERS and around.ref not in begun:
            return f"{ref} is part of {around.ref}, which has not begun: jump to that"
    return None


def jump(draft: Draft, arguments: JsonObject) -> bool:
    """Step over what comes before a task, forget what came behind it, and do it now.

    Return whether that is all; other branches of the forks around it go on as they are.
    """
    place = _place(draft, str(arguments.get("ref")))
    target = None if place is None else draft.task(place.ref)
    if place is None or (target is not None and is_of_this_run(draft, target)):
        return True
    doomed = behind(draft, place, target)
    forgotten = [task for task in draft.everything() if task.ref in doomed]
    for task in forgotten:
        _abandon_child(draft, task)
    if not delete(draft, [task for task in forgotten if task.ref != place.ref]):
        return False
    if target is None and not _step_over(draft, _before(draft, place)):
        return False
    rewind_loops(draft, place)
    _choose(draft, place)
    given = arguments.get("taskInput")
    if target is not None:
        _abandon_child(draft, target)
        draft.delete(target.ref)
    seed = Seed(inputs=given if isinstance(given, dict) else {})
    flow.behaviour(draft, place).schedule(draft, place, seed)
    return True


def _around(plan: Plan, node: Node) -> Iterator[Node]:
    """Yield the operators around a task, the innermost first."""
    while node.parent_ref is not None:
        node = plan.nodes[node.parent_ref]
        yield node


def _place(draft: Draft, ref: str) -> Place | None:
    """Return where a task stands in the present turns of the loops around it."""
    node = draft.view.plan.nodes[ref]
    iterations: tuple[int, ...] = ()
    for loop_ref in node.loops:
        loop = draft.task(ids.full_ref(loop_ref, iterations))
        if loop is None or loop.turn < 1:
            return None
        iterations = (*iterations, loop.turn)
    return Place(draft.view.plan, node, iterations)


def _before(draft: Draft, place: Place) -> Iterator[Place]:
    """Yield what execution passes before it comes to a place, but for the operators around it.

    Another case of a SWITCH around it is passed, too.
    """
    plan, node, iterations = place.plan, place.node, place.iterations
    while True:
        for earlier in _neighbours_before(plan, node):
            yield place.at(earlier.ref, iterations)
        if node.parent_ref is None:
            return
        if node.role is Role.CASE:
            yield from _other_cases(draft, place.at(node.parent_ref, iterations), node)
        iterations = iterations[:-1] if node.role is Role.BODY else iterations
        node = plan.nodes[node.parent_ref]


def _neighbours_before(plan: Plan, node: Node) -> Iterator[Node]:
    previous = {each.next_ref: each for each in plan.nodes.values() if each.next_ref is not None}
    before = previous.get(node.ref)
    while before is not None:
        yield before
        before = previous.get(before.ref)


def _step_over(draft: Draft, places: Iterable[Place]) -> bool:
    """See that the tasks at some places, and all in them, are over; return whether they are."""
    for place in places:
        if not draft.has_budget:
            return False
        task = draft.task(place.ref)
        if task is None:
            _create_skipped(draft, place)
            continue
        was_open = not task.status.is_terminal
        if was_open:
            _skip(draft, task)
        is_over = place.node.task.type == "DO_WHILE" and not was_open
        contents = () if is_over else _begun_lists(draft, place, task)
        if not all(_step_over(draft, each) for each in contents):
            return False
        if place.node.task.type == "FORK_JOIN_DYNAMIC":
            _skip_branches(draft, place)
    return True


def _other_cases(draft: Draft, chooser: Place, node: Node) -> Iterator[Place]:
    task = draft.task(chooser.ref)
    for places in () if task is None else _begun_lists(draft, chooser, task):
        if all(place.node is not node for place in places):
            yield from places


def _begun_lists(draft: Draft, place: Place, task: TaskState) -> Iterator[list[Place]]:
    """Yield those lists in an operator that were begun."""
    iterations = (*place.iterations, task.turn) if task.task_type == "DO_WHILE" else None
    for first in place.plan.lists_in(place.node.ref):
        places = [place.at(node.ref, iterations) for node in place.plan.list_from(first)]
        if draft.task(places[0].ref) is not None:
            yield places


def _skip_branches(draft: Draft, fork: Place) -> None:
    """Skip what is open in the branches of a dynamic fork."""
    join_ref = fork.full_ref(str(fork.node.next_ref))
    tasks = draft.everything()
    roots = {t.ref for t in tasks if t.membership and t.membership.join_ref == join_ref}
    for task in tasks:
        if (task.ref in roots or task.root in roots) and not task.status.is_terminal:
            _skip(draft, task)


def _skip(draft: Draft, task: TaskState) -> None:
    _abandon_child(draft, task)
    skipped = replace(
        task,
        status=TaskStatus.SKIPPED,
        reason="An operator had the workflow go on elsewhere",
        ended_at=draft.now,
        updated_at=draft.now,
        callback_after_seconds=0,
    )
    draft.replace(task, skipped)


def _create_skipped(draft: Draft, place: Place) -> None:
    attempts.new_task(
        draft,
        place,
        flow.NO_SEED,
        status=TaskStatus.SKIPPED,
        task_type=runtime_type(place.node.task),
        inputs={},
    )


def _abandon_child(draft: Draft, task: TaskState) -> None:
    """End the workflow of a task that is given up while it runs."""
    if task.task_type == "SUB_WORKFLOW" and not task.status.is_terminal:
        child_id = task.sub_workflow_id or ids.child_workflow_id(task.task_id, task.scheduled_at)
        draft.tell(child_id, end_of_abandoned(task.ref))


def _choose(draft: Draft, place: Place) -> None:
    """See that each SWITCH around a place has chosen the case that leads there."""
    node, iterations = place.node, place.iterations
    while node.parent_ref is not None:
        parent = place.plan.nodes[node.parent_ref]
        if node.role is Role.CASE:
            _set_case(draft, place.at(parent.ref, iterations), _case_of(parent, node))
        iterations = iterations[:-1] if node.role is Role.BODY else iterations
        node = parent


def _set_case(draft: Draft, place: Place, case: str) -> None:
    name = "evaluationResult" if place.node.task.type == "SWITCH" else "caseOutput"
    output: JsonObject = {name: [case], "selectedCase": case}
    task = draft.task(place.ref)
    if task is None:
        attempts.new_task(
            draft,
            place,
            flow.NO_SEED,
            status=TaskStatus.COMPLETED,
            task_type=place.node.task.type,
            inputs={"case": case, "hasChildren": "true"},
            output=output,
        )
    elif draft.payload(task.output).get(name) != [case]:
        draft.replace(task, replace(task, status=TaskStatus.COMPLETED, output=output))


def _case_of(chooser: Node, node: Node) -> str:
    """Return the case whose list of tasks a node stands in."""
    for case, tasks in chooser.task.decision_cases.items():
        if any(task.task_reference_name == node.ref for task in tasks):
            return case
    return "default"
