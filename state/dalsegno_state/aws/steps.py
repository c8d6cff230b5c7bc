"""How each write is carried out: one request, but for the deletion of a task."""

from typing import Final, assert_never

from dalsegno.models import EpochMillis
from dalsegno_state.aws import layout
from dalsegno_state.aws.items import (
    attempt_item,
    decoded_task,
    ended_values,
    task_item,
    task_key,
    wake_values,
    workflow_key,
    workflow_values,
)
from dalsegno_state.aws.table import Item, Refused, Table, Value, assigned, key, number, text
from dalsegno_state.writes import (
    CreateTask,
    DeleteTask,
    FreezeAttempt,
    Lost,
    PullWake,
    ReplaceTask,
    SetWake,
    UpdateWorkflow,
    Write,
)

_ABSENT: Final = "attribute_not_exists(pk)"
_SAME_ATTEMPT: Final = "i = :i AND v = :v"
_SAME_REVISION: Final = "v = :replaced"
# In the place of an ended workflow's wake is when it ended.
_LATER: Final = (
    "attribute_exists(pk) AND (attribute_not_exists(dw) OR dw > :dw OR begins_with(ds, :ended))"
)
_UNMOVED: Final = "dw = :expected"
_UNSET: Final = "attribute_exists(pk) AND (attribute_not_exists(dw) OR dw = :expected)"
_PRESENT: Final = "attribute_exists(pk)"


def carry_out(table: Table, write: Write, *, lists_ended: bool) -> Lost | None:
    """Carry a write out; return it if it lost its condition. Raises ValueError, see ``codec``."""
    match write:
        case CreateTask():
            return _create_task(table, write)
        case ReplaceTask():
            return _replace_task(table, write)
        case FreezeAttempt(task):
            table.put(attempt_item(task))
        case DeleteTask(workflow_id, ref):
            _delete_task(table, workflow_id, ref)
        case UpdateWorkflow():
            return _update_workflow(table, write, lists_ended=lists_ended)
        case PullWake():
            _pull_wake(table, write)
        case SetWake():
            _set_wake(table, write, lists_ended=lists_ended)
        case _:
            assert_never(write)
    return None


def _create_task(table: Table, write: CreateTask) -> Lost | None:
    item = task_item(write.task)
    refused = table.put(item, _ABSENT)
    if refused is None or _is_own_doing(refused, item):
        return None
    return _lost(write, refused)


def _replace_task(table: Table, write: ReplaceTask) -> Lost | None:
    task = write.task
    item = task_item(task)
    token = layout.task_token(task.workflow_id, task.ref, write.replaces_task_id)
    refused = table.put(
        item, _SAME_ATTEMPT, {":i": text(token), ":v": number(write.replaces_revision)}
    )
    if refused is None or _is_own_doing(refused, item):
        return None
    return _lost(write, refused)


def _lost(write: CreateTask | ReplaceTask, refused: Refused) -> Lost:
    if refused.stored is None:
        return Lost(write)
    return Lost(write, decoded_task(write.task.workflow_id, refused.stored))


def _is_own_doing(refused: Refused, item: dict[str, Value]) -> bool:
    """Return whether a repeated request met what its first sending stored.

    Without this a claim whose answer was lost would be nobody's until its response timeout.
    """
    if not refused.was_repeated or refused.stored is None:
        return False
    return all(refused.stored.get(name) == value for name, value in item.items())


def _update_workflow(table: Table, write: UpdateWorkflow, *, lists_ended: bool) -> Lost | None:
    workflow = write.workflow
    values = workflow_values(workflow)
    if write.clears_wake:
        values |= _no_wake(workflow.workflow_id, workflow.ended_at if lists_ended else 0)
    expression, assignments = assigned(values)
    outcome = table.update(
        workflow_key(workflow.workflow_id),
        expression,
        {**assignments, ":replaced": number(write.replaces_revision)},
        condition=_SAME_REVISION,
    )
    stored = {name: value for name, value in values.items() if value is not None}
    if isinstance(outcome, Refused) and not _is_own_doing(outcome, stored):
        return Lost(write)
    return None


def _no_wake(workflow_id: str, ended_at: EpochMillis) -> dict[str, Value | None]:
    return ended_values(workflow_id, ended_at) if ended_at else wake_values(workflow_id, None, 0)


def _pull_wake(table: Table, write: PullWake) -> None:
    """Pull the wake; the interval stays as it is, so ``wi`` is not among what is set."""
    wake = wake_values(write.workflow_id, write.at, 0)
    expression, values = assigned({"ds": wake["ds"], "dw": wake["dw"]})
    values[":ended"] = text(layout.ENDED)
    table.update(workflow_key(write.workflow_id), expression, values, condition=_LATER)


def _set_wake(table: Table, write: SetWake, *, lists_ended: bool) -> None:
    wake = wake_values(write.workflow_id, write.at, write.interval_ms)
    if write.at is None:
        wake = _no_wake(write.workflow_id, write.ended_at if lists_ended else 0)
    expression, values = assigned(wake)
    is_unset = write.expected_at is None
    expected = layout.NEVER if write.expected_at is None else write.expected_at
    table.update(
        workflow_key(write.workflow_id),
        expression,
        {**values, ":expected": number(expected)},
        condition=_UNSET if is_unset else _UNMOVED,
    )


def _delete_task(table: Table, workflow_id: str, ref: str) -> None:
    """Delete what belongs to a task, then the task, so that repeating it finds all of it."""
    pk = layout.workflow_pk(workflow_id)
    current = table.get(task_key(workflow_id, ref))
    attempts = list(table.under(pk, layout.belongings("A", ref)))
    found: list[Item] = [key(pk, attempt["sk"]["S"]) for attempt in attempts]
    prefixes = {layout.belongings("J", ref), layout.belongings("L", ref)}
    # Log lines of ids that are none of ours stand under the ids themselves.
    prefixes |= {
        layout.logs_sk(decoded_task(workflow_id, item).task_id)
        for item in [*attempts, *([current] if current else [])]
        if item["i"]["S"].startswith("=")
    }
    for prefix in sorted(prefixes):
        found += table.keys_under(pk, prefix)
    table.delete_many(found)
    if current is not None:
        table.delete(task_key(workflow_id, ref))
