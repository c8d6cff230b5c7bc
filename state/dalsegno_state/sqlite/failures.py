"""What a disk may do to a database, told as what callers can act on."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from dalsegno.errors import StorageFullError, UnavailableError

_PRIMARY_CODE: Final = 0xFF
_REASONS: Final = {
    sqlite3.SQLITE_BUSY: "another process holds the database",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_CORRUPT: "the database is damaged: restore it from a backup",
    sqlite3.SQLITE_IOERR: "the disk does not read or write",
    sqlite3.SQLITE_LOCKED: "another process holds the database",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_NOTADB: "the database is damaged: restore it from a backup",
    sqlite3.SQLITE_PERM: "the database may not be written",
    sqlite3.SQLITE_READONLY: "the database may not be written",
}
_FULL: Final = "the disk is full: make room, and the same request succeeds"
_FULL_CODES: Final = frozenset({errno.EDQUOT, errno.EFBIG, errno.ENOSPC})


@contextmanager
def translated() -> Iterator[None]:
    """Raise what a disk did as an UnavailableError; what a program did wrong stays as it is."""
    try:
        yield
    except sqlite3.Error as error:
        # The module's own complaints, such as a closed connection, have no code.
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL:
            raise StorageFullError(_FULL) from error
        if code in _REASONS:
            raise UnavailableError(f"{_REASONS[code]} ({error})") from error
        raise
    except OSError as error:
        if error.errno in _FULL_CODES:
            raise StorageFullError(_FULL) from error
        raise UnavailableError(f"the disk does not read or write ({error.strerror})") from error
