"""Waiting for another process that holds the database."""

import sqlite3
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

_PATIENCE_SECONDS: Final = 30.0
# SQLite's own busy handler backs off to 100 ms, and starves behind a process that writes all the
# time: of two such, one did 100 commits a second and waited up to 3 s for one.
_RETRY_SECONDS: Final = 0.0003
_PRIMARY_CODE: Final = 0xFF


def retry_while_busy(attempt: Callable[[], object]) -> None:
    """Return once ``attempt`` finds the database free; raise what it raises otherwise."""
    deadline = monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            attempt()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & _PRIMARY_CODE == sqlite3.SQLITE_BUSY
            if not is_busy or monotonic() > deadline:
                raise
        else:
            return
        sleep(_RETRY_SECONDS)
