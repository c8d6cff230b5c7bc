"""How an execution moves: from a finished task to what follows it, by the plan."""

from dataclasses import replace

from dalsegno.models import JsonObject, JsonValue, TaskDef, TaskStatus
from dalsegno_state import caching, ids
from dalsegno_state.draft import MAX_PAYLOAD_BYTES, Draft, Place, runtime_type, size_bytes
from dalsegno_state.ending import complete, give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import evaluate
from dalsegno_state.forgetting import forgets, is_past
from dalsegno_state.plan import Node, Plan, Role
from dalsegno_state.retry import Again, GiveUp, GoOn, next_attempt, settled_status, verdict
from dalsegno_state.schemas import breach
from dalsegno_state.scope import DraftScope
from dalsegno_state.task_type import Seed, TaskType
from dalsegno_state.timeouts import deadline
from dalsegno_state.transition import JoinArrival
from dalsegno_state.worker_queue import choose_domain

WORKER_TYPE = "SIMPLE"
# A report that keeps one of these open has it handed out again after its callback.
HANDED_OUT_AGAIN = frozenset({WORKER_TYPE, "HTTP_POLL"})
NO_SEED = Seed()


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


def new_task(
    draft: Draft,
    place: Place,
    seed: Seed,
    *,
    status: TaskStatus,
    inputs: JsonObject,
    task_type: str | None = None,
    output: JsonObject | None = None,
    reason: str | None = None,
    delay_seconds: int = 0,
    name: str | None = None,
    domain: str | None = None,
    turn: int = 0,
    wait_until: int | None = None,
    cache_key: str | None = None,
) -> TaskState:
    """Create the first attempt of the task at a place; return it as it will be stored."""
    workflow = draft.workflow
    is_worker = status is TaskStatus.SCHEDULED
    task = TaskState(
        workflow_id=workflow.workflow_id,
        ref=place.ref,
        base_ref=place.node.ref,
        iterations=place.iterations,
        task_id=ids.task_id(workflow.workflow_id, workflow.run, 0, place.ref),
        task_type=task_type or runtime_type(place.node.task),
        name=name or place.node.task.name,
        status=status,
        sequence=0,
        input=inputs,
        output=output or {},
        scheduled_at=draft.now,
        first_scheduled_at=draft.now,
        started_at=0 if is_worker else draft.now,
        ended_at=draft.now if status.is_terminal else 0,
        updated_at=draft.now,
        start_delay_seconds=delay_seconds,
        callback_after_seconds=delay_seconds,
        domain=domain,
        reason=reason,
        turn=turn,
        wait_until=draft.now + delay_seconds * 1000 if delay_seconds > 0 else wait_until,
        node=seed.node,
        root=None if seed.node is not None else place.root,
        membership=seed.membership,
        cache_key=cache_key,
    )
    task = _settled(draft, _conforming(draft, _fitting(task), place, is_new=True), place)
    draft.create(task)
    watch_deadline(draft, task, place)
    return task


def input_of(draft: Draft, place: Place, seed: Seed, task_def: TaskDef | None) -> JsonObject:
    """Return a new task's input: its parameters and its definition's template, evaluated.

    Template keys are added where missing before evaluation; a value that comes to null is
    replaced by the template's own.
    """
    if seed.whole_input is not None:
        return seed.whole_input
    task_id = ids.task_id(draft.workflow.workflow_id, draft.workflow.run, 0, place.ref)
    return {**_evaluated(draft, place.node.task.input_parameters, task_def, task_id), **seed.inputs}


def evaluated(draft: Draft, template: JsonValue, task_id: str | None = None) -> JsonValue:
    """Return a template's value as the workflow stands."""
    return evaluate(template, DraftScope(draft, task_id))


def _evaluated(
    draft: Draft, parameters: JsonObject, task_def: TaskDef | None, task_id: str
) -> JsonObject:
    template = task_def.input_template if task_def is not None else {}
    value = evaluated(draft, {**template, **parameters}, task_id)
    if not isinstance(value, dict):
        raise TypeError("an object evaluates to an object")
    return {k: template.get(k) if v is None and k in template else v for k, v in value.items()}


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
    fitting = _conforming(draft, _fitting(ended), place, is_new=False)
    stored = draft.replace(task, _settled(draft, fitting, place))
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
    """Follow what is on the agenda, as far as one decision goes."""
    while draft.agenda and draft.has_budget:
        follow(draft, draft.agenda.popleft())


def settle(draft: Draft, task: TaskState, place: Place) -> None:
    """Go on from a task that is done with: tell the JOINs that wait for it, and proceed.

    A SWITCH with a branch to do has itself ended, but JOINs hear of it at the end of the branch.
    """
    if _branch_taken(draft, task, place) is None:
        flagged = not task.status.is_successful or task.status is TaskStatus.COMPLETED_WITH_ERRORS
        _tell_joins(draft, place, flagged=flagged)
    for watcher in place.node.watchers:
        exclusive_ref = place.full_ref(watcher)
        watching = draft.task(exclusive_ref)
        if watching is not None and not watching.status.is_terminal:
            draft.agenda.append(exclusive_ref)
    if task.status is TaskStatus.COMPLETED:
        behaviour(draft, place, task).proceed(draft, task, place)
    else:
        advance(draft, place)


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
    task = draft.task(place.ref)
    if task is None:
        return not _exists_later(draft, place)
    if not is_over(draft, task, place):
        return False
    chosen = _branch_taken(draft, task, place)
    if chosen and not has_ended(draft, place.at(chosen)):
        return False
    return place.node.next_ref is None or has_ended(draft, place.at(place.node.next_ref))


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


def _branch_taken(draft: Draft, task: TaskState, place: Place) -> str | None:
    """Return the first task of the branch that follows a finished task; none if it was skipped."""
    if task.status is TaskStatus.SKIPPED:
        return None
    return chosen_branch(place.node, draft.payload(task.output))


def watch_deadline(draft: Draft, task: TaskState, place: Place) -> None:
    """See that the workflow is looked at when the task's first timeout runs out."""
    at = deadline(task, draft.task_def(place, task.name), draft.now)
    if at is not None:
        draft.wake_by(at)


def _settled(draft: Draft, task: TaskState, place: Place) -> TaskState:
    if not place.node.task.optional:
        return task
    task_def = draft.task_def(place, task.name)
    return replace(task, status=settled_status(task, place.node.task, task_def))


def _fitting(task: TaskState) -> TaskState:
    """Return the task, ended in error and without its payload if that is beyond all bounds."""
    for payload in (task.input, task.output):
        if isinstance(payload, dict) and payload and size_bytes(payload) > MAX_PAYLOAD_BYTES:
            return replace(
                task,
                status=TaskStatus.FAILED_WITH_TERMINAL_ERROR,
                input=task.input if payload is task.output else {},
                output={},
                reason=(
                    f"The payload size: {size_bytes(payload)} of task: {task.task_id} in workflow: "
                    f"{task.workflow_id}  is greater than the permissible limit: "
                    f"{MAX_PAYLOAD_BYTES} bytes"
                ),
            )
    return task


def _conforming(draft: Draft, task: TaskState, place: Place, *, is_new: bool) -> TaskState:
    """Return the task, ended in error if it breaks a schema that its definition enforces.

    Its input is looked at when the attempt begins, its output when it has done well.
    """
    task_def = draft.task_def(place, task.name)
    if task_def is None or not task_def.enforce_schema or not task.status.is_successful:
        return task
    found = None
    if is_new and task_def.input_schema is not None:
        found = breach(task_def.input_schema, draft.payload(task.input), "input")
    if found is None and task_def.output_schema is not None and _has_output(task):
        found = breach(task_def.output_schema, draft.payload(task.output), "output")
    if found is None:
        return task
    status = TaskStatus.FAILED_WITH_TERMINAL_ERROR
    return replace(task, status=status, reason=f"Task {task.name} {found}", ended_at=draft.now)


def _has_output(task: TaskState) -> bool:
    """Return whether a task's output is whole; some are put together when they are read."""
    return task.status is TaskStatus.COMPLETED and task.task_type not in {"JOIN", "DO_WHILE"}


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
    fresh = _evaluated(draft, place.node.task.input_parameters, task_def, new_id)
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
    attempt = _settled(draft, _conforming(draft, attempt, place, is_new=True), place)
    draft.freeze(task)
    stored = draft.replace(task, attempt)
    if stored.status.is_terminal:
        draft.agenda.append(stored.ref)
    else:
        kind.resume(draft, stored, place)
    watch_deadline(draft, stored, place)


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
    return draft.task(place.full_ref(str(place.node.parent_ref))) is not None


def _failed(draft: Draft, ref: str) -> TaskState | None:
    task = draft.latest(ref)
    if task is None or not task.status.is_terminal or task.status.is_successful:
        return None
    return task
