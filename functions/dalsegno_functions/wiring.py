"""The one place that names concrete adapters."""

import os
import sqlite3
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dalsegno_functions.clock import SystemClock
from dalsegno_state.engine import Engine
from dalsegno_state.outbound_http import GuardedHttpClient
from dalsegno_state.ports import Clock, Queues
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.sqlite import SchemaVersionError, SqlitePorts, open_ports


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """An engine on SQLite; close it when nothing uses it any more."""

    engine: Engine
    ports: SqlitePorts

    @property
    def queues(self) -> Queues:
        """Where the background work comes from."""
        return self.ports.queues

    def close(self) -> None:
        """Close the database; everything acknowledged is stored already."""
        self.ports.close()


class DataDirectoryError(Exception):
    """The data directory cannot be used: not writable, not ours, or of a newer version."""


def local_engine(directory: Path | None, clock: Clock | None = None) -> LocalEngine:
    """Return an engine that keeps everything in ``directory``; in memory only, if None.

    Raises:
        DataDirectoryError: The directory cannot be used.
    """
    try:
        ports = open_ports(directory, clock or SystemClock())
    except (OSError, SchemaVersionError, sqlite3.Error) as error:
        raise DataDirectoryError(f"cannot use {directory}: {error}") from error
    return LocalEngine(
        Engine(ports, SandboxedScripts(), GuardedHttpClient(allow_private=True)), ports
    )


@cache
def engine() -> Engine:
    """Return the engine of this process."""
    return local_engine(Path(os.environ.get("DALSEGNO_DATA", ".dalsegno"))).engine
