"""The local server's process."""

import ctypes
import sys
import threading

import pytest

from dalsegno_functions.local.server import LocalServer
from dalsegno_functions.wiring import local_engine
from tests.eventually import eventually

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4  # linux/prctl.h


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
def test_memory_of_a_running_server_is_not_for_other_processes() -> None:
    process = ctypes.CDLL(None)
    process.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    local = local_engine(None)
    server = LocalServer(local, port=0)
    thread = threading.Thread(target=server.run, daemon=True)

    thread.start()
    try:
        eventually(lambda: process.prctl(PR_GET_DUMPABLE), lambda dumpable: dumpable == 0)
    finally:
        server.stop()
        thread.join(20)
        local.close()
        process.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
