"""One confined child process, seen from the parent."""

import importlib.util
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from dalsegno_state.sandbox import interpreter
from dalsegno_state.sandbox.interpreter import (
    MAX_MESSAGE_BYTES,
    REPLY,
    REQUEST,
    ChildTask,
    Operation,
    Outcome,
)

_START_SECONDS: Final = 30.0
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_ENGINE_MODULES: Final = {
    ChildTask.SCRIPTS: ("quickjs", "_quickjs", "jq"),
    ChildTask.SCHEMAS: ("jsonschema_rs",),
}
# A child on a busy machine may wait this many times its limit for the processor.
_MAX_WALL_FACTOR: Final = 5
_SHORTEST_WAIT_SECONDS: Final = 0.02


class ProcessTimeoutError(Exception):
    """The child did not reply in time."""


class ProcessEndedError(Exception):
    """The child ended, or replied something that is no reply."""


class ScriptProcess:
    """A child that runs one script at a time; no two threads may use it at once."""

    def __init__(
        self, task: ChildTask, timeout_seconds: float, memory_bytes: int, max_output_bytes: int
    ) -> None:
        self._max_body_bytes = max(max_output_bytes, MAX_MESSAGE_BYTES)
        limits = [task, str(timeout_seconds), str(memory_bytes), str(max_output_bytes)]
        folders = _engine_folders(_ENGINE_MODULES[task])
        self._process = subprocess.Popen(  # noqa: S603  no part of a script is an argument
            [sys.executable, "-I", "-S", interpreter.__file__, *limits, *folders],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C in a terminal is for the parent
        )
        self._input, self._output = _pipe_ends(self._process)
        self._writable, self._readable = select.poll(), select.poll()
        self._writable.register(self._input, select.POLLOUT)
        self._readable.register(self._output, select.POLLIN)
        try:
            self._receive(_Deadline(self._process.pid, _START_SECONDS))
        except BaseException:
            self.stop()
            raise

    @property
    def is_alive(self) -> bool:
        """False once the child has ended, and always in a process forked from the parent."""
        return self._process.poll() is None

    def stop(self) -> int:
        """Kill the child and return its exit status, the negated signal if one ended it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return self._process.wait()

    def exchange(
        self, operation: Operation, source: bytes, inputs: bytes, timeout_seconds: float
    ) -> tuple[Outcome, bytes]:
        """Return the child's reply to one request.

        Args:
            operation: What is asked for.
            source: The script.
            inputs: What it sees, as JSON text.
            timeout_seconds: How much processor time it may take.

        Raises:
            ProcessTimeoutError: The time is over; the child is of no further use.
            ProcessEndedError: The child ended; it is of no further use.
        """
        deadline = _Deadline(self._process.pid, timeout_seconds)
        header = REQUEST.pack(operation, len(source), len(inputs))
        self._send(header + source + inputs, deadline)
        return self._receive(deadline)

    def _send(self, request: bytes, deadline: "_Deadline") -> None:
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                _wait(self._writable, deadline)
            except BrokenPipeError as error:
                raise ProcessEndedError from error

    def _receive(self, deadline: "_Deadline") -> tuple[Outcome, bytes]:
        outcome, size_bytes = REPLY.unpack(self._read(REPLY.size, deadline))
        # The child is not trusted: what it may send is checked here too.
        if outcome > max(Outcome) or size_bytes > self._max_body_bytes:
            raise ProcessEndedError
        return Outcome(outcome), self._read(size_bytes, deadline)

    def _read(self, size_bytes: int, deadline: "_Deadline") -> bytes:
        chunks = []
        while size_bytes:
            _wait(self._readable, deadline)
            chunk = os.read(self._output, size_bytes)
            if not chunk:
                raise ProcessEndedError
            chunks.append(chunk)
            size_bytes -= len(chunk)
        return b"".join(chunks)


def _wait(ready: select.poll, deadline: "_Deadline") -> None:
    while (remaining_seconds := deadline.remaining_seconds()) > 0:
        if ready.poll(max(remaining_seconds, _SHORTEST_WAIT_SECONDS) * 1000):
            return
    raise ProcessTimeoutError


class _Deadline:
    """When a child has taken all of its processor time, or waited for it too long."""

    def __init__(self, pid: int, seconds: float) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._seconds = seconds
        self._latest = time.monotonic() + _MAX_WALL_FACTOR * seconds
        self._started = self._processor_seconds()

    def remaining_seconds(self) -> float:
        """Return how long to wait before asking again; nothing remains if that is not above 0."""
        used_seconds = self._processor_seconds() - self._started
        return min(self._seconds - used_seconds, self._latest - time.monotonic())

    def _processor_seconds(self) -> float:
        """Return the child's processor time; where the system does not tell, the time of day."""
        try:
            fields = self._stat.read_bytes().rpartition(b")")[2].split()
        except OSError:
            return time.monotonic()
        return (int(fields[11]) + int(fields[12])) / _TICKS


def _pipe_ends(process: subprocess.Popen[bytes]) -> tuple[int, int]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the child was started without pipes")
    ends = process.stdin.fileno(), process.stdout.fileno()
    for end in ends:
        os.set_blocking(end, False)
    return ends


def _environment() -> dict[str, str]:
    # Nothing is inherited, so no secret can leak. The one exception is where the dynamic linker
    # finds Python itself, which AWS Lambda needs; the child drops it before the first script.
    name = "LD_LIBRARY_PATH"
    return {name: os.environ[name]} if name in os.environ else {}


@cache
def _engine_folders(modules: tuple[str, ...]) -> Sequence[str]:
    """Return where the child imports its engines from, since it knows no site-packages."""
    folders: dict[str, None] = {}
    for name in modules:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"scripts need the module {name}: pip install 'dalsegno[engine]'", name=name
            )
        origin = Path(spec.origin)
        folder = origin.parent.parent if spec.submodule_search_locations else origin.parent
        folders[str(folder)] = None
    return list(folders)
