"""Executions in SQLite."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from sqlite3 import Connection
from typing import Final

from dalsegno.models import EpochMillis, TaskStatus
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ports import Due, FoundTask, TaskQuery, WorkflowQuery
from dalsegno_state.sqlite.codec import decode_task, decode_workflow, encode_json, encode_workflow
from dalsegno_state.sqlite.database import Database, Row
from dalsegno_state.sqlite.search import TaskSearch, WorkflowSearch
from dalsegno_state.sqlite.steps import SELECT_TASK, Step, searched_values, step
from dalsegno_state.writes import (
    Arrival,
    Arrivals,
    Lost,
    PullWake,
    ReplaceTask,
    SetWake,
    Write,
)

_PAGE_TASKS: Final = 200

_SELECT_WORKFLOW: Final = """
    SELECT document, wake_at, wake_interval_ms FROM workflows WHERE workflow_id = ?
"""
_CREATE_WORKFLOW: Final = """
    INSERT INTO workflows(
        workflow_id, revision, updated_at, document, name, version, status, correlation_id,
        parent_workflow_id, created_at, ended_at, wake_at, wake_interval_ms
    )
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (workflow_id) DO NOTHING
"""
_SELECT_TASKS: Final = """
    SELECT tasks.document FROM json_each(?) AS wanted
    CROSS JOIN tasks ON tasks.workflow_id = ? AND tasks.ref = wanted.value
    ORDER BY wanted.key
"""
_SELECT_LATEST: Final = """
    SELECT document FROM (
        SELECT iterations, document FROM tasks WHERE workflow_id = ? AND ref = ?
        UNION ALL
        SELECT * FROM (
            SELECT iterations, document FROM tasks
            WHERE workflow_id = ? AND base_ref = ? AND ref <> base_ref
            ORDER BY iterations DESC LIMIT 1
        )
    )
    ORDER BY iterations DESC LIMIT 1
"""
_ARRIVE: Final = """
    INSERT INTO arrivals(workflow_id, join_ref, shard, member, flagged) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (workflow_id, join_ref, shard, member) DO UPDATE SET flagged = true
    WHERE excluded.flagged AND NOT flagged
"""
_SELECT_ARRIVALS: Final = """
    SELECT member, flagged FROM arrivals WHERE workflow_id = ? AND join_ref = ? AND shard = ?
"""
# Tasks last: their logs and attempts are found by them.
_CLEAR_WORKFLOW: Final = (
    "DELETE FROM logs WHERE log_id IN (SELECT log_id FROM logs WHERE workflow_id = ? LIMIT ?)",
    """
    DELETE FROM arrivals WHERE (workflow_id, join_ref, shard, member) IN (
        SELECT workflow_id, join_ref, shard, member FROM arrivals WHERE workflow_id = ? LIMIT ?
    )
    """,
    """
    DELETE FROM attempts
    WHERE rowid IN (SELECT rowid FROM attempts WHERE workflow_id = ? LIMIT ?)
    """,
    "DELETE FROM tasks WHERE rowid IN (SELECT rowid FROM tasks WHERE workflow_id = ? LIMIT ?)",
)
_DELETE_WORKFLOW: Final = (
    "DELETE FROM logs WHERE workflow_id = ?",
    "DELETE FROM arrivals WHERE workflow_id = ?",
    "DELETE FROM attempts WHERE workflow_id = ?",
    "DELETE FROM tasks WHERE workflow_id = ?",
    "DELETE FROM workflows WHERE workflow_id = ?",
)


class SqliteStateStore:
    """See ``StateStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create_workflow(self, workflow: WorkflowState) -> WorkflowState:
        """See ``StateStore.create_workflow``."""
        row = (
            workflow.workflow_id,
            workflow.revision,
            workflow.updated_at,
            encode_workflow(workflow),
            *searched_values(workflow),
            workflow.wake_at,
            workflow.wake_interval_ms,
        )

        def create(connection: Connection) -> Row | None:
            if connection.execute(_CREATE_WORKFLOW, row).rowcount:
                return None
            stored: Row = connection.execute(_SELECT_WORKFLOW, row[:1]).fetchone()
            return stored

        # Nobody acknowledges a workflow before its first tasks are stored; that is a durable
        # commit and takes this one along, which spares every start a flush.
        stored = self._database.write(create, durable=False)
        return workflow if stored is None else decode_workflow(*stored)

    def check(self) -> None:
        """See ``StateStore.check``."""
        self._database.check()

    def workflow(self, workflow_id: str) -> WorkflowState | None:
        """See ``StateStore.workflow``."""
        rows = self._database.read(_SELECT_WORKFLOW, (workflow_id,))
        return decode_workflow(*rows[0]) if rows else None

    def tasks(self, workflow_id: str, refs: Iterable[str]) -> dict[str, TaskState]:
        """See ``StateStore.tasks``."""
        wanted = tuple(refs)
        if not wanted:
            return {}
        if len(wanted) == 1:
            rows = self._database.read(SELECT_TASK, (workflow_id, *wanted))
        else:
            rows = self._database.read(_SELECT_TASKS, (encode_json(list(wanted)), workflow_id))
        return {task.ref: task for task in _decoded(rows)}

    def recent(self, workflow_id: str, ref: str) -> TaskState | None:
        """See ``StateStore.recent``; it is as it stands."""
        return self.tasks(workflow_id, [ref]).get(ref)

    def latest(self, workflow_id: str, base_ref: str) -> TaskState | None:
        """See ``StateStore.latest``."""
        rows = self._database.read(_SELECT_LATEST, (workflow_id, base_ref) * 2)
        return next(_decoded(rows), None)

    def all_tasks(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.all_tasks``; a page of documents is in memory at a time."""
        rows = self._database.read(
            "SELECT ref FROM tasks WHERE workflow_id = ? ORDER BY sequence, ref", (workflow_id,)
        )
        refs = [ref for (ref,) in rows]
        for start in range(0, len(refs), _PAGE_TASKS):
            page = encode_json(refs[start : start + _PAGE_TASKS])
            yield from _decoded(self._database.read(_SELECT_TASKS, (page, workflow_id)))

    def attempts(self, workflow_id: str) -> Iterator[TaskState]:
        """See ``StateStore.attempts``."""
        return _decoded(
            self._database.read(
                "SELECT document FROM attempts WHERE workflow_id = ? ORDER BY rowid",
                (workflow_id,),
            )
        )

    def attempt(self, workflow_id: str, ref: str, task_id: str) -> TaskState | None:
        """See ``StateStore.attempt``."""
        rows = self._database.read(
            "SELECT document FROM attempts WHERE workflow_id = ? AND ref = ? AND task_id = ?",
            (workflow_id, ref, task_id),
        )
        return next(_decoded(rows), None)

    def commit(self, writes: Sequence[Write]) -> Lost | None:
        """See ``StateStore.commit``; one transaction."""
        if not writes:
            return None
        durable = not all(_may_be_lost(write) for write in writes)
        steps = [step(write) for write in writes]
        return self._database.write(partial(_carry_out, steps), durable=durable)

    def arrive(self, arrival: Arrival) -> Arrivals:
        """See ``StateStore.arrive``."""
        shard = (arrival.workflow_id, arrival.join_ref, arrival.shard)

        def add(connection: Connection) -> list[Row]:
            connection.execute(_ARRIVE, (*shard, arrival.member, arrival.flagged))
            return connection.execute(_SELECT_ARRIVALS, shard).fetchall()

        # It follows from a task whose end is stored durably: a wake repeats what a power cut took.
        return _arrivals(self._database.write(add, durable=False))

    def arrivals(self, workflow_id: str, join_ref: str, shard: str) -> Arrivals:
        """See ``StateStore.arrivals``."""
        return _arrivals(self._database.read(_SELECT_ARRIVALS, (workflow_id, join_ref, shard)))

    def due(self, until: EpochMillis, limit: int) -> list[Due]:
        """See ``StateStore.due``."""
        rows = self._database.read(
            "SELECT workflow_id, wake_at FROM workflows WHERE wake_at <= ? "
            "ORDER BY wake_at, workflow_id LIMIT ?",
            (until, limit),
        )
        return [Due(*row) for row in rows]

    def ended(self, until: EpochMillis, limit: int) -> list[str]:
        """See ``StateStore.ended``; lists everything that has ended."""
        rows = self._database.read(
            "SELECT workflow_id FROM workflows WHERE ended_at > 0 AND ended_at <= ? "
            "ORDER BY ended_at, workflow_id LIMIT ?",
            (until, limit),
        )
        return [workflow_id for (workflow_id,) in rows]

    def children(self, parent_workflow_id: str) -> Iterator[str]:
        """See ``StateStore.children``."""
        rows = self._database.read(
            "SELECT workflow_id FROM workflows WHERE parent_workflow_id = ? "
            "ORDER BY created_at, workflow_id",
            (parent_workflow_id,),
        )
        return (workflow_id for (workflow_id,) in rows)

    def search(self, query: WorkflowQuery) -> tuple[int, list[WorkflowState]]:
        """See ``StateStore.search``."""
        search = WorkflowSearch(query)
        total: int = self._database.read(search.count, search.parameters)[0][0]
        rows = self._database.read(search.page, search.parameters)
        return total, [decode_workflow(*row) for row in rows]

    def clear(self, workflow_id: str, limit: int) -> bool:
        """See ``StateStore.clear``; forgets the logs of its tasks too."""

        def delete(connection: Connection) -> bool:
            left = limit
            for statement in _CLEAR_WORKFLOW:
                left -= connection.execute(statement, (workflow_id, max(left, 0))).rowcount
            return left > 0

        return self._database.write(delete)

    def search_tasks(self, query: TaskQuery) -> tuple[int, list[FoundTask]]:
        """See ``StateStore.search_tasks``; it looks at everything, however long that takes."""
        search = TaskSearch(query)
        total: int = self._database.read(search.count, search.parameters)[0][0]
        rows = self._database.read(search.page, search.parameters)
        return total, [
            FoundTask(decode_task(task), decode_workflow(*workflow), is_current=bool(is_current))
            for task, is_current, *workflow in (row[:5] for row in rows)
        ]

    def remove(self, workflow_id: str) -> None:
        """See ``StateStore.remove``; forgets the logs of its tasks too."""

        def delete(connection: Connection) -> None:
            for statement in _DELETE_WORKFLOW:
                connection.execute(statement, (workflow_id,))

        self._database.write(delete)


def _carry_out(steps: Sequence[Step], connection: Connection) -> Lost | None:
    for carry_out in steps:
        lost = carry_out(connection)
        if lost is not None:
            return lost
    return None


def _decoded(rows: Iterable[Row]) -> Iterator[TaskState]:
    return (decode_task(document) for (document,) in rows)


def _arrivals(rows: Iterable[Row]) -> Arrivals:
    found = list(rows)
    return Arrivals(
        members=frozenset(member for member, _ in found),
        flagged=frozenset(member for member, flagged in found if flagged),
    )


def _may_be_lost(write: Write) -> bool:
    """Return whether a power cut, not the death of the process, may undo a write.

    A wake: either a durable commit follows and takes it along, or nothing that it was pulled for
    is stored. A task handed out: it is handed out again, and reporting on it is durable.
    """
    if isinstance(write, ReplaceTask):
        return write.task.status is TaskStatus.IN_PROGRESS
    return isinstance(write, PullWake | SetWake)
