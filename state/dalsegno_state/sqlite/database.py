"""One SQLite file, shared by the threads of this process and by other processes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from dalsegno_state.sqlite.busy import retry_while_busy
from dalsegno_state.sqlite.group_commit import GroupCommit
from dalsegno_state.sqlite.schema import create_schema

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Parameters: TypeAlias = Sequence[object] | Mapping[str, object]

# Readers wait for nothing but the recovery of a log that a killed process left.
_READ_TIMEOUT_SECONDS: Final = 30.0
_CACHED_STATEMENTS: Final = 256
# Checkpoints every 16 MB of log instead of 4: fewer pauses, and pages written often go once.
_CHECKPOINT_PAGES: Final = 4000
_LOG_LIMIT_BYTES: Final = 64 * 1024 * 1024


class Database:
    """Executes statements; each method is atomic, durable as asked, and safe from any thread.

    In a file, readers run beside the writer, each on a connection of a pool that grows to the
    number of threads reading at once. In memory there is one connection, and all take turns.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file, or a private database in memory if ``path`` is None.

        Raises:
            SchemaVersionError: The file was written by a newer version of this program.
        """
        self._path = path
        self._writer = self._connect(busy_timeout_seconds=0)  # it has retry_while_busy
        self._commits = GroupCommit(self._writer)
        self._readers: list[Connection] = []
        self._closing = Lock()
        self._closed = False
        try:
            create_schema(self._writer)
        except BaseException:
            self._writer.close()
            raise

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Return what ``work`` returns once it is committed. See ``GroupCommit.run``."""
        return self._commits.run(work, durable=durable)

    def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return the rows of a query; it sees every commit that was acknowledged before."""
        if self._path is None:
            return self._commits.run(
                lambda connection: connection.execute(statement, parameters).fetchall(),
                durable=False,
            )
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect_reader()
        try:
            return connection.execute(statement, parameters).fetchall()
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close all connections; calls still under way fail."""
        with self._closing:
            self._closed = True
            readers, self._readers = self._readers, []
        for connection in readers:
            connection.close()
        self._writer.close()

    def _connect_reader(self) -> Connection:
        if self._closed:
            raise sqlite3.ProgrammingError("the database is closed")
        return self._connect(_READ_TIMEOUT_SECONDS)

    def _give_back(self, connection: Connection) -> None:
        with self._closing:
            if not self._closed:
                self._readers.append(connection)
                return
        connection.close()

    def _connect(self, busy_timeout_seconds: float) -> Connection:
        connection = sqlite3.connect(
            self._path or ":memory:",
            timeout=busy_timeout_seconds,
            isolation_level=None,  # transactions are begun and committed by GroupCommit
            check_same_thread=False,  # a connection is used by one thread at a time
            cached_statements=_CACHED_STATEMENTS,
        )
        if self._path is not None:
            _make_private(self._path)
        # Busy while another process switches the file to WAL, or is the last one to close it.
        retry_while_busy(lambda: _configure(connection))
        return connection


def _configure(connection: Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT_BYTES}")


def _make_private(path: Path) -> None:
    """Let only its owner read a new file: it holds secrets, and its log gets the same rights.

    By name, because closing a descriptor of the file would drop SQLite's locks on it.
    """
    if path.stat().st_size == 0:
        path.chmod(0o600)
