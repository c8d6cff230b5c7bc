"""How each write is carried out inside a transaction."""

from collections.abc import Callable
from sqlite3 import Connection
from typing import Final, TypeAlias, assert_never

from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.sqlite.codec import decode_task, encode_task, encode_workflow, iteration_key
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

Step: TypeAlias = Callable[[Connection], Lost | None]

SELECT_TASK: Final = "SELECT document FROM tasks WHERE workflow_id = ? AND ref = ?"

_CREATE_TASK: Final = """
    INSERT INTO tasks(
        workflow_id, ref, base_ref, iterations, task_id, revision, sequence, document
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workflow_id, ref) DO NOTHING
"""
_REPLACE_TASK: Final = """
    UPDATE tasks SET task_id = ?, revision = ?, sequence = ?, document = ?
    WHERE workflow_id = ? AND ref = ? AND task_id = ? AND revision = ?
"""
_FREEZE_ATTEMPT: Final = """
    INSERT INTO attempts(workflow_id, ref, task_id, document) VALUES (?, ?, ?, ?)
    ON CONFLICT (workflow_id, ref, task_id) DO NOTHING
"""
_DELETE_LOGS: Final = """
    DELETE FROM logs WHERE workflow_id = :workflow_id AND task_id IN (
        SELECT task_id FROM tasks WHERE workflow_id = :workflow_id AND ref = :ref
        UNION SELECT task_id FROM attempts WHERE workflow_id = :workflow_id AND ref = :ref
    )
"""
# Most updates change nothing that is searched for; this one spares them seven indexes.
_UPDATE_DOCUMENT: Final = """
    UPDATE workflows SET revision = ?, updated_at = ?, document = ?
    WHERE workflow_id = ? AND revision = ?
    AND (name, version, status, correlation_id, parent_workflow_id, created_at, ended_at)
        IS (?, ?, ?, ?, ?, ?, ?)
"""
_UPDATE_WORKFLOW: Final = """
    UPDATE workflows SET revision = ?, updated_at = ?, document = ?, name = ?, version = ?,
        status = ?, correlation_id = ?, parent_workflow_id = ?, created_at = ?, ended_at = ?
    WHERE workflow_id = ? AND revision = ?
"""
_PULL_WAKE: Final = """
    UPDATE workflows SET wake_at = :at
    WHERE workflow_id = :workflow_id AND (wake_at IS NULL OR wake_at > :at)
"""
_SET_WAKE: Final = """
    UPDATE workflows SET wake_at = ?, wake_interval_ms = ? WHERE workflow_id = ? AND wake_at IS ?
"""
_CLEAR_WAKE: Final = """
    UPDATE workflows SET wake_at = NULL, wake_interval_ms = 0 WHERE workflow_id = ?
"""


def step(write: Write) -> Step:
    """Return what carries a write out; documents are encoded here, outside the transaction."""
    match write:
        case CreateTask():
            return _create_task(write)
        case ReplaceTask():
            return _replace_task(write)
        case FreezeAttempt(task):
            key = (task.workflow_id, task.ref, task.task_id)
            return _unconditional(_FREEZE_ATTEMPT, (*key, encode_task(task)))
        case DeleteTask():
            return _delete_task(write)
        case UpdateWorkflow():
            return _update_workflow(write)
        case PullWake(workflow_id, at):
            return _unconditional(_PULL_WAKE, {"workflow_id": workflow_id, "at": at})
        case SetWake(workflow_id, expected_at, at, interval_ms):
            return _unconditional(_SET_WAKE, (at, interval_ms, workflow_id, expected_at))
        case _:
            assert_never(write)


def _unconditional(statement: str, parameters: tuple[object, ...] | dict[str, object]) -> Step:
    def carry_out(connection: Connection) -> None:
        connection.execute(statement, parameters)

    return carry_out


def _create_task(write: CreateTask) -> Step:
    task = write.task
    row = (
        task.workflow_id,
        task.ref,
        task.base_ref,
        iteration_key(task.iterations),
        task.task_id,
        task.revision,
        task.sequence,
        encode_task(task),
    )

    def carry_out(connection: Connection) -> Lost | None:
        if connection.execute(_CREATE_TASK, row).rowcount:
            return None
        return Lost(write, _stored(connection, task))

    return carry_out


def _replace_task(write: ReplaceTask) -> Step:
    task = write.task
    values = (task.task_id, task.revision, task.sequence, encode_task(task))
    condition = (task.workflow_id, task.ref, write.replaces_task_id, write.replaces_revision)

    def carry_out(connection: Connection) -> Lost | None:
        if connection.execute(_REPLACE_TASK, values + condition).rowcount:
            return None
        return Lost(write, _stored(connection, task))

    return carry_out


def _delete_task(write: DeleteTask) -> Step:
    key = {"workflow_id": write.workflow_id, "ref": write.ref}

    def carry_out(connection: Connection) -> None:
        connection.execute(_DELETE_LOGS, key)
        for statement in (
            "DELETE FROM attempts WHERE workflow_id = :workflow_id AND ref = :ref",
            "DELETE FROM tasks WHERE workflow_id = :workflow_id AND ref = :ref",
            "DELETE FROM arrivals WHERE workflow_id = :workflow_id AND join_ref = :ref",
        ):
            connection.execute(statement, key)

    return carry_out


def _update_workflow(write: UpdateWorkflow) -> Step:
    workflow = write.workflow
    values = (workflow.revision, workflow.updated_at, encode_workflow(workflow))
    condition = (workflow.workflow_id, write.replaces_revision)
    searched = searched_values(workflow)

    def carry_out(connection: Connection) -> Lost | None:
        if not (
            connection.execute(_UPDATE_DOCUMENT, values + condition + searched).rowcount
            or connection.execute(_UPDATE_WORKFLOW, values + searched + condition).rowcount
        ):
            return Lost(write)
        if write.clears_wake:
            connection.execute(_CLEAR_WAKE, (workflow.workflow_id,))
        return None

    return carry_out


def searched_values(workflow: WorkflowState) -> tuple[object, ...]:
    """Return the columns by which workflows are found, in the order of the table."""
    return (
        workflow.name,
        workflow.version,
        workflow.status.value,
        workflow.correlation_id,
        workflow.parent_workflow_id,
        workflow.created_at,
        workflow.ended_at,
    )


def _stored(connection: Connection, task: TaskState) -> TaskState | None:
    row = connection.execute(SELECT_TASK, (task.workflow_id, task.ref)).fetchone()
    return None if row is None else decode_task(row[0])
