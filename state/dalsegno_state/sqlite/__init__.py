"""Every port on one SQLite file: the default of the local server, and of most tests."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dalsegno_state.ports import Clock, Ports
from dalsegno_state.sqlite.archive import FileArchive
from dalsegno_state.sqlite.database import DamagedDatabaseError, Database, LostDatabaseError
from dalsegno_state.sqlite.definitions import SqliteDefinitionStore
from dalsegno_state.sqlite.documents import SqliteDocumentStore
from dalsegno_state.sqlite.external import LocalExternalPayloads
from dalsegno_state.sqlite.file_contents import LocalFileStore
from dalsegno_state.sqlite.limits import SqliteLimits
from dalsegno_state.sqlite.logs import SqliteTaskLogs
from dalsegno_state.sqlite.payloads import FilePayloadStore, MemoryPayloadStore
from dalsegno_state.sqlite.polls import SqlitePollRecords
from dalsegno_state.sqlite.queues import SqliteQueues
from dalsegno_state.sqlite.schema import SchemaVersionError
from dalsegno_state.sqlite.secrets import SqliteSecrets
from dalsegno_state.sqlite.state import SqliteStateStore

_DATABASE_NAME: Final = "dalsegno.db"
_PAYLOADS_NAME: Final = "payloads"
_EXTERNAL_NAME: Final = "external"
_ARCHIVE_NAME: Final = "archive"
_FILES_NAME: Final = "files"


@dataclass(frozen=True, slots=True)
class SqlitePorts(Ports):
    """All ports on one database; close it when done.

    Attributes:
        secrets: The port, and what manages its values.
        external: The port, and what serves its locations.
        database: What the ports share.
    """

    secrets: SqliteSecrets
    external: LocalExternalPayloads
    archive: FileArchive
    database: Database

    def close(self) -> None:
        """Close the database; everything acknowledged is stored already."""
        self.database.close()


def open_ports(directory: Path | None, clock: Clock) -> SqlitePorts:
    """Return the ports on a data directory, created if absent; in memory if None.

    Several processes may open the same directory.

    Raises:
        SchemaVersionError: The directory was written by a newer version of this program.
        LostDatabaseError: It held a database, which is gone.
        DamagedDatabaseError: SQLite finds that its file contradicts itself.
        UnavailableError: It cannot be written.
    """
    if directory is not None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(None if directory is None else directory / _DATABASE_NAME)
    return SqlitePorts(
        state=SqliteStateStore(database),
        definitions=SqliteDefinitionStore(database),
        documents=SqliteDocumentStore(database, clock),
        queues=SqliteQueues(database, clock),
        payloads=(
            MemoryPayloadStore()
            if directory is None
            else FilePayloadStore(directory / _PAYLOADS_NAME)
        ),
        external=LocalExternalPayloads(
            None if directory is None else directory / _EXTERNAL_NAME, clock
        ),
        archive=FileArchive(None if directory is None else directory / _ARCHIVE_NAME),
        files=LocalFileStore(None if directory is None else directory / _FILES_NAME),
        limits=SqliteLimits(database),
        logs=SqliteTaskLogs(database),
        polls=SqlitePollRecords(database),
        secrets=SqliteSecrets(database),
        clock=clock,
        database=database,
    )


__all__ = [
    "DamagedDatabaseError",
    "LostDatabaseError",
    "SchemaVersionError",
    "SqlitePorts",
    "open_ports",
]
