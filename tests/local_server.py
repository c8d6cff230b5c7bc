"""A local server, as a user runs it, within the process of the tests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dalsegno_functions.local.server import LocalServer
from dalsegno_functions.wiring import local_engine


@contextmanager
def running_server(directory: Path | None) -> Iterator[str]:
    """Serve an engine of its own on a free port for as long as the context lasts."""
    local = local_engine(directory)
    server = LocalServer(local, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join(20)
        local.close()
