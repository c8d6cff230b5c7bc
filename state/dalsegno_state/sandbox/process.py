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
from dalsegno_state.sandbox.interpreter import MAX_MESSAGE_BYTES, REPLY, REQUEST, Operation, Outcome

_START_SECONDS: Final = 30.0
_ENGINE_MODULES: Final = ("quickjs", "_quickjs", "jq")


class ProcessTimeoutError(Exception):
    """The child did not reply in time."""


class ProcessEndedError(Exception):
    """The child ended, or replied something that is no reply."""


class ScriptProcess:
    """A child that runs one script at a time; the caller sees to it that it does."""

    def __init__(self, timeout_seconds: float, memory_bytes: int, max_output_bytes: int) -> None:
        self._max_body_bytes = max(max_output_bytes, MAX_MESSAGE_BYTES)
        limits = [str(timeout_seconds), str(memory_bytes), str(max_output_bytes)]
        self._process = subprocess.Popen(  # noqa: S603  no part of a script is an argument
            [sys.executable, "-I", "-S", interpreter.__file__, *limits, *_engine_folders()],
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
            self._receive(time.monotonic() + _START_SECONDS)
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

        Raises:
            ProcessTimeoutError: The time is over; the child is of no further use.
            ProcessEndedError: The child ended; it is of no further use.
        """
        deadline = time.monotonic() + timeout_seconds
        header = REQUEST.pack(operation, len(source), len(inputs))
        self._send(header + source + inputs, deadline)
        return self._receive(deadline)

    def _send(self, request: bytes, deadline: float) -> None:
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                _wait(self._writable, deadline)
            except BrokenPipeError as error:
                raise ProcessEndedError from error

    def _receive(self, deadline: float) -> tuple[Outcome, bytes]:
        outcome, size_bytes = REPLY.unpack(self._read(REPLY.size, deadline))
        # The child is not trusted: what it may send is checked here too.
        if outcome > max(Outcome) or size_bytes > self._max_body_bytes:
            raise ProcessEndedError
        return Outcome(outcome), self._read(size_bytes, deadline)

    def _read(self, size_bytes: int, deadline: float) -> bytes:
        chunks = []
        while size_bytes:
            _wait(self._readable, deadline)
            chunk = os.read(self._output, size_bytes)
            if not chunk:
                raise ProcessEndedError
            chunks.append(chunk)
            size_bytes -= len(chunk)
        return b"".join(chunks)


def _wait(ready: select.poll, deadline: float) -> None:
    remaining_millis = (deadline - time.monotonic()) * 1000
    if remaining_millis <= 0 or not ready.poll(remaining_millis):
        raise ProcessTimeoutError


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
def _engine_folders() -> Sequence[str]:
    """Return where the child imports its engines from, since it knows no site-packages."""
    folders: dict[str, None] = {}
    for name in _ENGINE_MODULES:
        spec = importlib.util.find_spec(name)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(
                f"scripts need the module {name}: pip install 'dalsegno[engine]'", name=name
            )
        origin = Path(spec.origin)
        folder = origin.parent.parent if spec.submodule_search_locations else origin.parent
        folders[str(folder)] = None
    return list(folders)
