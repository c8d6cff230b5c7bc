"""One SQLite file, shared by the threads of this process and by other processes."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection
from threading import Lock
from typing import Any, Final, TypeAlias, TypeVar

from dalsegno.errors import UnavailableError
from dalsegno_state.sqlite.busy import retry_while_busy
from dalsegno_state.sqlite.failures import translated
from dalsegno_state.sqlite.group_commit import GroupCommit
from dalsegno_state.sqlite.schema import SCHEMA_VERSION, create_schema

T = TypeVar("T")
Row: TypeAlias = tuple[Any, ...]
Parameters: TypeAlias = Sequence[object] | Mapping[str, object]

# Readers wait for nothing but the recovery of a log that a killed process left.
_READ_TIMEOUT_SECONDS: Final = 30.0
_CACHED_STATEMENTS: Final = 256
# Checkpoints every 16 MB of log instead of 4: fewer pauses, and pages written often go once.
_CHECKPOINT_PAGES: Final = 4000
_LOG_LIMIT_BYTES: Final = 64 * 1024 * 1024
# Checking takes a second for some 200 MB: a larger file is opened as it is.
_CHECKED_BYTES: Final = 512 * 1024 * 1024


class Database:
    """Executes statements; each method is atomic, durable as asked, and safe from any thread.

    In a file, readers run beside the writer, each on a connection of a pool that grows to the
    number of threads reading at once. In memory there is one connection, and all take turns.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file, or a private database in memory if ``path`` is None.

        Raises:
            SchemaVersionError: The file was written by a newer version of this program.
            LostDatabaseError: There was a database, and it is gone.
            DamagedDatabaseError: SQLite finds that the file contradicts itself.
            UnavailableError: The file cannot be written.
        """
        self._path = path
        if path is not None:
            _refuse_loss(path)
        with translated():
            self._writer = self._connect(busy_timeout_seconds=0)  # it has retry_while_busy
        self._commits = GroupCommit(self._writer)
        self._readers: list[Connection] = []
        self._closing = Lock()
        self._closed = False
        try:
            with translated():
                if path is not None:
                    _check_whole(self._writer, path)
                create_schema(self._writer)
        except BaseException:
            self._writer.close()
            raise
        self._inode = None if path is None else _inode(path)
        if path is not None:
            _marker(path).touch(mode=0o600)

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Return what ``work`` returns once it is committed. See ``GroupCommit.run``.

        Raises:
            StorageFullError: The disk is full; nothing is stored.
            UnavailableError: The disk does not do its part, or somebody has removed the file.
        """
        with translated():
            result = self._commits.run(work, durable=durable)
        if durable:
            self._check_place()
        return result

    def check(self) -> None:
        """Raise UnavailableError if nothing can be stored now; by storing what is there."""
        self.write(lambda connection: connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}"))

    def read(self, statement: str, parameters: Parameters = ()) -> list[Row]:
        """Return the rows of a query; it sees every commit that was acknowledged before."""
        with translated():
            return self._rows(statement, parameters)

    def _rows(self, statement: str, parameters: Parameters) -> list[Row]:
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

    def _check_place(self) -> None:
        """Raise UnavailableError if what is written is not found at the next start."""
        if self._path is not None and _inode(self._path) != self._inode:
            raise UnavailableError(
                f"{self._path} was removed or replaced while it was in use: what is stored from "
                "now on would be lost. Stop the server, put the file back and start again"
            )

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


class LostDatabaseError(Exception):
    """There was a database, and it is gone."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} held a database that is gone: put it back, or remove {_marker(path).name} "
            "to start without what it held"
        )


class DamagedDatabaseError(Exception):
    """SQLite finds that the file contradicts itself."""

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(f"{path} is damaged ({found}): restore it from a backup")


def _marker(path: Path) -> Path:
    """Return the file that says that there was a database here."""
    return path.with_name(f"{path.name}.exists")


def _refuse_loss(path: Path) -> None:
    is_there = path.exists() and path.stat().st_size > 0
    if _marker(path).exists() and not is_there:
        raise LostDatabaseError(path)


def _check_whole(connection: Connection, path: Path) -> None:
    if path.stat().st_size > _CHECKED_BYTES:
        return
    ((found,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if found != "ok":
        raise DamagedDatabaseError(path, found)


def _inode(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of its name; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


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
