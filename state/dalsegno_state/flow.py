"""How an execution moves: from a finished task to what follows it, by the plan."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from dalsegno.models import JsonObject, TaskDef, TaskStatus
from dalsegno_state import attempts, caching, ids
from dalsegno_state.draft import Draft, Place
from dalsegno_state.ending import complete, give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.forgetting import forgets, is_past
from dalsegno_state.plan import Node, Plan, Role
from dalsegno_state.retry import Again, GiveUp, GoOn, next_attempt, verdict
from dalsegno_state.task_type import Seed, TaskType
from dalsegno_state.transition import JoinArrival
from dalsegno_state.worker_queue import choose_domain

WORKER_TYPE = "SIMPLE"
# A report that keeps one of these open has it handed out again after its callback.
HANDED_OUT_AGAIN = frozenset({WORKER_TYPE, "HTTP_POLL"})
# What ends them is what they contain: ended by hand, they would leave that open for ever.
ENDED_BY_CONTENTS = frozenset({"JOIN", "DO_WHILE"})
NO_SEED = Seed()
_MAX_NESTED_DRAINS = 50
_MAX_READ_AHEAD = 100


# -- coming into being ------------------------------------------------------------------------


def begin(draft: Draft) -> None:
    """Schedule the first task of the definition."""
    plan = draft.view.plan
    if plan.first_ref is None:
        complete(draft, reason="No tasks found to be executed")
    else:
        schedule(draft, Place(plan, plan.nodes[plan.first_ref], ()))


def schedule(draft: Draft, place: Place, seed: Seed = NO_SEED) -> None:
    """See that the task at a place exists, and that what it leads to is under way."""
    known = draft.peek(place.ref)
    if known is not None:
        _revisit(draft, known, place, seed)
    elif draft.is_running and not _is_past(draft, place):
        draft.require(reads_of(draft, place))
        behaviour(draft, place).schedule(draft, place, seed)


def behaviour(draft: Draft, place: Place, task: TaskState | None = None) -> TaskType:
    """Return how the task at a place behaves; unknown types are done by workers."""
    wanted = place.node.task.type
    if wanted == "DYNAMIC" and task is not None:
        wanted = task.task_type
    return draft.types.get(wanted) or draft.types[WORKER_TYPE]


def reads_of(draft: Draft, place: Place) -> list[str]:
    """Return the tasks outside loops that a place's input expressions read."""
    nodes = draft.view.plan.nodes
    return [name for name in place.node.reads if name in nodes and not nodes[name].loops]


def _revisit(draft: Draft, task: TaskState, place: Place, seed: Seed) -> None:
    """Meet a task that exists already: somebody else has been here, but may not have got on."""
    if seed.membership is not None and task.membership != seed.membership:
        reason = (
            f"No dynamic tasks could be created for the Workflow: {draft.workflow.workflow_id}, "
            f"attempted to create a duplicate task reference name: {task.ref}"
        )
        give_up(draft, None, reason)
    elif task.status is TaskStatus.SKIPPED or (
        not draft.waking  # a wake comes to every other task anyway
        and (not task.status.is_terminal or _is_born_finished(draft, task, place))
    ):
        draft.agenda.append(task.ref)


def _is_born_finished(draft: Draft, task: TaskState, place: Place) -> bool:
    """Return whether nobody has reported or will report the end of a task."""
    return task.revision == 0 or behaviour(draft, place, task).is_instant


def _is_past(draft: Draft, place: Place) -> bool:
    """Return whether a loop around a place has moved on, so that it may be cleared away.

    Asked where it can be: by a wake, and in loops that forget their turns.
    """
    if not draft.waking and not forgets(place.plan, place.node):
        return False
    return is_past(draft, place)


# -- ending -----------------------------------------------------------------------------------


def finish(
    draft: Draft,
    task: TaskState,
    place: Place,
    status: TaskStatus,
    *,
    output: JsonObject | None = None,
    reason: str | None = None,
) -> None:
    """End an open attempt, and follow it."""
    ended = replace(
        task,
        status=status,
        output=task.output if output is None else output,
        reason=reason,
        ended_at=draft.now,
        updated_at=draft.now,
        started_at=task.started_at or draft.now,
        callback_after_seconds=0,
    )
    fitting = attempts.conforming(draft, attempts.fitting(ended), place, is_new=False)
    stored = draft.replace(task, attempts.settled(draft, fitting, place))
    caching.remember(draft, stored, place, draft.payload(stored.output))
    draft.agenda.append(task.ref)


def follow(draft: Draft, ref: str) -> None:
    """Bring about what the stored state of a task calls for; may be repeated at any time."""
    task = draft.task(ref)
    if task is None or not draft.is_running or not draft.is_planned(task):
        return
    draft.current = task
    draft.stand_behind(task)
    place = draft.place_of(task)
    if not task.status.is_terminal:
        behaviour(draft, place, task).resume(draft, task, place)
    elif task.status.is_successful:
        settle(draft, task, place)
    else:
        _after_failure(draft, task, place)


def drain(draft: Draft) -> None:
    """Follow what is on the agenda, as far as one decision goes.

    What nothing was written after is not followed twice: it would lead to the same again. Within
    a fork within a fork, and so on, the innermost leave the agenda to the outer ones.
    """
    if draft.drains >= _MAX_NESTED_DRAINS:
        return
    draft.drains += 1
    while draft.agenda and draft.has_budget:
        ref = draft.agenda.popleft()
        if draft.is_news(ref):
            follow(draft, ref)
    draft.drains -= 1


def settle(draft: Draft, task: TaskState, place: Place) -> None:
    """Go on from a task that is done with: tell the JOINs that wait for it, and proceed.

    A SWITCH with a branch to do has itself ended, but JOINs hear of it at the end of the branch.
    """
    if _branch_taken(draft, task, place) is None:
        flagged = not task.status.is_successful or task.status is TaskStatus.COMPLETED_WITH_ERRORS
        _tell_joins(draft, place, flagged=flagged)
    _wake_watchers(draft, place)
    if task.status is TaskStatus.SKIPPED and _step_over_contents(draft, place):
        return
    if task.status is TaskStatus.COMPLETED:
        behaviour(draft, place, task).proceed(draft, task, place)
    else:
        advance(draft, place)


def _wake_watchers(draft: Draft, place: Place) -> None:
    for watcher in place.node.watchers:
        exclusive_ref = place.full_ref(watcher)
        watching = draft.task(exclusive_ref)
        if watching is not None and not watching.status.is_terminal:
            draft.agenda.append(exclusive_ref)


def _step_over_contents(draft: Draft, place: Place) -> bool:
    """Spare those that wait for a task within a skipped one; return whether its JOIN goes on.

    The JOIN of a skipped fork is stepped over with it: nothing would ever arrive there.
    """
    is_fork = place.node.task.type in {"FORK_JOIN", "FORK_JOIN_DYNAMIC"}
    next_ref = place.node.next_ref
    joins = is_fork and next_ref is not None and place.plan.nodes[next_ref].task.type == "JOIN"
    if joins:
        join = place.at(str(next_ref))
        if draft.is_running and draft.peek(join.ref) is None:
            status, kind = TaskStatus.SKIPPED, join.node.task.type
            attempts.new_task(draft, join, NO_SEED, status=status, inputs={}, task_type=kind)
        else:
            schedule(draft, join)
    for node in place.plan.within(place.node.ref):
        if node is not place.node and node.loops == place.node.loops:
            inner = place.at(node.ref)
            _tell_joins(draft, inner, flagged=True)
            _wake_watchers(draft, inner)
    return joins


def arrive(draft: Draft, arrival: JoinArrival) -> None:
    """Arrive at a JOIN, unless it is known to be over."""
    join = draft.peek(arrival.join_ref)
    if join is None or not join.status.is_terminal:
        draft.arrive(arrival)


def advance(draft: Draft, place: Place) -> None:
    """Go on behind a place: to its neighbour, or out of the list that ends with it."""
    node = place.node
    if node.next_ref is not None:
        schedule(draft, place.at(node.next_ref))
        return
    match node.role:
        case Role.TOP if place.root is None:
            try_complete(draft)
        case Role.TOP:
            _end_branch(draft, str(place.root))
        case Role.CASE:
            switch = place.at(str(node.parent_ref))
            _tell_joins(draft, switch, flagged=False)
            advance(draft, switch)
        case Role.BODY:
            draft.agenda.append(ids.full_ref(str(node.parent_ref), place.iterations[:-1]))
        case Role.BRANCH:
            _end_loose_branch(draft, place)


def _tell_joins(draft: Draft, place: Place, *, flagged: bool) -> None:
    for join in place.node.joins:
        arrive(
            draft,
            JoinArrival(
                join_ref=place.full_ref(join.join_ref),
                index=join.index,
                size=join.size,
                flagged=flagged,
            ),
        )


def try_complete(draft: Draft) -> None:
    """Complete the workflow if nothing of it is open."""
    plan = draft.view.plan
    top = Place(plan, plan.nodes[str(plan.first_ref)], ())
    if plan.loose_ends and not has_ended(draft, top):
        return
    if any(not has_ended(draft, top.at(ref)) for ref in plan.loose_ends if _is_outside(plan, ref)):
        return
    failed = [task for ref in plan.permissive_refs if (task := _failed(draft, ref)) is not None]
    if failed:
        reasons = (
            f"Task {task.task_id} failed with status: {task.status} and reason: '{task.reason}'"
            for task in failed
        )
        give_up(draft, failed[-1], ". ".join(reasons))
    else:
        complete(draft)


def has_ended(draft: Draft, place: Place) -> bool:
    """Return whether a list of tasks, named by its first, has been worked through."""
    open_lists = [place]
    while open_lists:
        for each in _read_ahead(draft, open_lists.pop()):
            task = draft.task(each.ref)
            if task is None:
                if _exists_later(draft, each):
                    return False
                break
            if not is_over(draft, task, each):
                return False
            chosen = _branch_taken(draft, task, each)
            if chosen:
                open_lists.append(each.at(chosen))
    return True


def _read_ahead(draft: Draft, first: Place) -> Iterator[Place]:
    """Yield the places of a list in order; tasks are read ever more at once, not one by one."""
    nodes, count = first.plan.list_from(first.node), 1
    while chunk := [first.at(node.ref) for node in islice(nodes, count)]:
        draft.require([place.ref for place in chunk])
        yield from chunk
        count = min(2 * count, _MAX_READ_AHEAD)


def is_over(draft: Draft, task: TaskState, place: Place) -> bool:
    """Return whether a task has ended for good: neither another attempt nor the end follows."""
    if not task.status.is_terminal or task.status.is_successful:
        return task.status.is_terminal
    outlook = verdict(task, place.node.task, draft.task_def(place, task.name))
    return isinstance(outlook, GoOn)


def chosen_branch(node: Node, output: JsonObject) -> str | None:
    """Return the first task of the branch that a finished SWITCH or DECISION chose."""
    task = node.task
    if task.type not in {"SWITCH", "DECISION"}:
        return None
    results = output.get("evaluationResult", output.get("caseOutput"))
    value = str(results[0]) if isinstance(results, list) and results else None
    branch = task.decision_cases.get(value or "")
    if branch is None or (not branch and task.type == "DECISION"):
        branch = task.default_case
    return branch[0].task_reference_name if branch else None


def is_stepped_over(draft: Draft, place: Place) -> bool:
    """Return whether a task was skipped, or will never be, as execution goes around it."""
    node = place.node
    task = draft.task(place.ref)
    while task is None and node.parent_ref is not None and node.role is not Role.BODY:
        around, inside = place.at(node.parent_ref), node
        task, node = draft.task(around.ref), around.node
        if task is not None and inside.role is Role.CASE and task.status.is_terminal:
            chosen = _branch_taken(draft, task, around)
            branch = place.plan.list_from(place.plan.nodes[chosen]) if chosen else ()
            return all(each is not inside for each in branch)
    return task is not None and task.status is TaskStatus.SKIPPED


def _branch_taken(draft: Draft, task: TaskState, place: Place) -> str | None:
    """Return the first task of the branch that follows a finished task; none if it was skipped."""
    if task.status is TaskStatus.SKIPPED:
        return None
    return chosen_branch(place.node, draft.payload(task.output))


def _after_failure(draft: Draft, task: TaskState, place: Place) -> None:
    task_def = draft.task_def(place, task.name)
    match verdict(task, place.node.task, task_def):
        case Again() as again:
            _try_again(draft, task, place, task_def, again)
        case GiveUp(status, reason):
            give_up(draft, task, reason, status=status)
        case GoOn():
            settle(draft, task, place)


def _try_again(
    draft: Draft, task: TaskState, place: Place, task_def: TaskDef | None, again: Again
) -> None:
    new_id = ids.task_id(task.workflow_id, draft.workflow.run, task.retry_count + 1, task.ref)
    fresh = attempts.evaluated_input(draft, place.node.task.input_parameters, task_def, new_id)
    kind = behaviour(draft, place, task)
    inputs = {**draft.payload(task.input), **fresh}
    attempt = replace(
        next_attempt(task, new_id, again, draft.now),
        input=inputs,
        cache_key=caching.cache_key(draft, place, task.name, inputs),
        domain=choose_domain(draft, task.task_type, task.name)
        if kind.type == WORKER_TYPE
        else task.domain,
    )
    attempt = attempts.settled(
        draft, attempts.conforming(draft, attempt, place, is_new=True), place
    )
    draft.freeze(task)
    stored = draft.replace(task, attempt)
    if stored.status.is_terminal:
        draft.agenda.append(stored.ref)
    else:
        kind.resume(draft, stored, place)
    attempts.watch_deadline(draft, stored, place)


def _end_branch(draft: Draft, root_ref: str) -> None:
    """Let a branch of a dynamic fork arrive at its JOIN."""
    root = draft.task(root_ref)
    if root is not None and root.membership is not None:
        flagged = root.status is not TaskStatus.COMPLETED
        member = root.membership
        arrive(
            draft,
            JoinArrival(
                join_ref=member.join_ref, index=member.index, size=member.size, flagged=flagged
            ),
        )


def _end_loose_branch(draft: Draft, place: Place) -> None:
    """Let what contains a branch that no JOIN waits for see whether it was the last one."""
    if not place.plan.loose_ends or place.root is not None:
        return
    if place.node.loops:
        draft.agenda.append(ids.full_ref(place.node.loops[-1], place.iterations[:-1]))
    elif place.node.joins == ():
        try_complete(draft)


def _is_outside(plan: Plan, ref: str) -> bool:
    return not plan.nodes[ref].loops


def _exists_later(draft: Draft, place: Place) -> bool:
    """Return whether a place without a task is one that execution has yet to reach."""
    return place.node.role is not Role.BRANCH or _fork_exists(draft, place)


def _fork_exists(draft: Draft, place: Place) -> bool:
    fork = draft.task(place.full_ref(str(place.node.parent_ref)))
    return fork is not None and fork.status is not TaskStatus.SKIPPED


def _failed(draft: Draft, ref: str) -> TaskState | None:
    task = draft.latest(ref)
    if task is None or not task.status.is_terminal or task.status.is_successful:
        return None
    return task
