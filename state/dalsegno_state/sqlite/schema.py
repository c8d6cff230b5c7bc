"""The tables, and their version in ``PRAGMA user_version``."""

from sqlite3 import Connection
from typing import Final

from dalsegno_state.sqlite.busy import retry_while_busy

# Tables with documents have row ids: a document over a quarter of a page would spill to overflow
# pages in a WITHOUT ROWID table, which doubles what each write appends to the log.
_FIRST: Final = (
    """
    CREATE TABLE workflows (
        workflow_id TEXT NOT NULL PRIMARY KEY,
        revision INTEGER NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        correlation_id TEXT,
        parent_workflow_id TEXT,
        created_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        wake_at INTEGER,
        wake_interval_ms INTEGER NOT NULL,
        document TEXT NOT NULL
    )
    """,
    "CREATE INDEX workflows_due ON workflows(wake_at, workflow_id) WHERE wake_at IS NOT NULL",
    "CREATE INDEX workflows_by_start ON workflows(created_at, workflow_id)",
    "CREATE INDEX workflows_by_name ON workflows(name, created_at, workflow_id)",
    "CREATE INDEX workflows_by_status ON workflows(status, created_at, workflow_id)",
    "CREATE INDEX workflows_by_end ON workflows(ended_at, workflow_id) WHERE ended_at > 0",
    """
    CREATE INDEX workflows_by_correlation ON workflows(correlation_id, created_at, workflow_id)
    WHERE correlation_id IS NOT NULL
    """,
    """
    CREATE INDEX workflows_by_parent ON workflows(parent_workflow_id, created_at, workflow_id)
    WHERE parent_workflow_id IS NOT NULL
    """,
    """
    CREATE TABLE tasks (
        workflow_id TEXT NOT NULL,
        ref TEXT NOT NULL,
        base_ref TEXT NOT NULL,
        iterations TEXT NOT NULL,
        task_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (workflow_id, ref)
    )
    """,
    # Only tasks in loops have another reference than the definition's.
    """
    CREATE INDEX tasks_by_iteration ON tasks(workflow_id, base_ref, iterations)
    WHERE ref <> base_ref
    """,
    """
    CREATE TABLE attempts (
        workflow_id TEXT NOT NULL,
        ref TEXT NOT NULL,
        task_id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (workflow_id, ref, task_id)
    )
    """,
    """
    CREATE TABLE arrivals (
        workflow_id TEXT NOT NULL,
        join_ref TEXT NOT NULL,
        shard TEXT NOT NULL,
        member INTEGER NOT NULL,
        flagged INTEGER NOT NULL,
        PRIMARY KEY (workflow_id, join_ref, shard, member)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE workflow_defs (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (name, version)
    )
    """,
    "CREATE TABLE task_defs (name TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE TABLE snapshots (content_hash TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE queues (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    """
    CREATE TABLE messages (
        message_id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        priority INTEGER NOT NULL,
        body TEXT NOT NULL,
        hidden_until INTEGER,
        receipt INTEGER,
        delivery_count INTEGER NOT NULL
    )
    """,
    # Apart, so that neither a long queue nor many delayed messages make a receive slow.
    """
    CREATE INDEX messages_ready ON messages(queue, priority DESC, message_id)
    WHERE hidden_until IS NULL
    """,
    """
    CREATE INDEX messages_hidden ON messages(queue, hidden_until)
    WHERE hidden_until IS NOT NULL
    """,
    """
    CREATE TABLE slots (
        name TEXT NOT NULL,
        task_id TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (name, task_id)
    ) WITHOUT ROWID
    """,
    "CREATE TABLE starts (name TEXT NOT NULL, started_at INTEGER NOT NULL)",
    "CREATE INDEX starts_by_time ON starts(name, started_at)",
    """
    CREATE TABLE logs (
        log_id INTEGER PRIMARY KEY,
        workflow_id TEXT NOT NULL,
        task_id TEXT NOT NULL,
        document TEXT NOT NULL
    )
    """,
    "CREATE INDEX logs_by_task ON logs(workflow_id, task_id, log_id)",
    """
    CREATE TABLE polls (
        queue_name TEXT NOT NULL,
        domain TEXT NOT NULL,
        worker_id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (queue_name, domain, worker_id)
    )
    """,
    """
    CREATE TABLE named_values (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID
    """,
)
_DOCUMENTS: Final = (
    """
    CREATE TABLE documents (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        revision TEXT NOT NULL,
        expires_at INTEGER,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    )
    """,
    "CREATE INDEX documents_by_expiry ON documents(expires_at) WHERE expires_at IS NOT NULL",
)
# What each version added to the one before; those that were released never change.
_VERSIONS: Final = (_FIRST, _DOCUMENTS)
SCHEMA_VERSION: Final = len(_VERSIONS)


class SchemaVersionError(Exception):
    """The database was written by a newer version of this program.

    Attributes:
        found: Schema version of the database.
        supported: Newest schema version this program knows.
    """

    def __init__(self, found: int) -> None:
        super().__init__(
            f"the database has schema version {found}, this program knows {SCHEMA_VERSION} at "
            "most: open it with the version of dalsegno that wrote it, or a newer one"
        )
        self.found = found
        self.supported = SCHEMA_VERSION


def create_schema(connection: Connection) -> None:
    """Make sure the tables exist; several processes may do so at once.

    Raises:
        SchemaVersionError: The database is newer than this program.
    """
    retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"))
    try:
        found: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if found > SCHEMA_VERSION:
            raise SchemaVersionError(found)
        if found < SCHEMA_VERSION:
            for statements in _VERSIONS[found:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
