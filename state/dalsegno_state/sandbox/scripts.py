"""Scripts run by a small pool of confined child processes."""

import json
import re
import signal
from collections.abc import Mapping
from queue import LifoQueue
from typing import Final, assert_never

from pydantic import JsonValue

from dalsegno_state.sandbox.interpreter import Operation, Outcome
from dalsegno_state.sandbox.process import (
    ProcessEndedError,
    ProcessTimeoutError,
    ScriptProcess,
)
from dalsegno_state.scripts import ScriptError, ScriptTimeoutError

# What JavaScript escapes are surrogates without a partner: no text in UTF-8 can hold them.
_LONE_SURROGATE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}")
# A child stops JavaScript itself a little earlier, so that it usually need not be replaced.
_OWN_SHARE: Final = 0.95
# After these (None: no reply at all) a child is of no further use.
_FATAL: Final = (None, Outcome.OUT_OF_MEMORY)


class SandboxedScripts:
    """``Scripts`` in child processes without environment, files, sockets or shared state.

    A child that runs out of time or memory, or crashes, is replaced by a new one for the next
    script. Children start with the first script that needs them and end with this process, even if
    it is killed. Many threads may use it: ``processes`` scripts run at once, the others wait.

    Args:
        timeout_seconds: How long a script may run.
        memory_bytes: How much a script may allocate. The child as a whole may take twice as much
            on top of what it occupies when idle, about 15 MB.
        max_output_bytes: How much JSON a script may yield.
        processes: How many children there are at most.
    """

    def __init__(
        self,
        timeout_seconds: float = 4.0,
        memory_bytes: int = 128 << 20,
        max_output_bytes: int = 10 << 20,
        processes: int = 2,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._max_output_bytes = max_output_bytes
        self._processes = processes
        # A slot holds a child or waits for one; last in, first out keeps to the warm ones.
        self._slots: LifoQueue[ScriptProcess | None] = LifoQueue()
        for _ in range(processes):
            self._slots.put(None)

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        return self._value(Operation.JAVASCRIPT, source, dict(inputs))

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        return self._value(Operation.FUNCTION_BODY, source, dict(inputs))

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        return self._values(Operation.JQ, query, document)

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        error = self._value(Operation.SYNTAX, source, {})
        return None if error is None else str(error)

    def close(self) -> None:
        """End the children, each after its present script; a later script starts new ones."""
        slots = [self._slots.get() for _ in range(self._processes)]
        for process in slots:
            if process is not None:
                process.stop()
            self._slots.put(None)

    def _value(self, operation: Operation, source: str, inputs: JsonValue) -> JsonValue:
        values = self._values(operation, source, inputs)
        if len(values) != 1:
            raise ScriptError("the script's result is not JSON")
        return values[0]

    def _values(self, operation: Operation, source: str, inputs: JsonValue) -> list[JsonValue]:
        try:
            document = json.dumps(inputs, separators=(",", ":"), allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise ScriptError(f"the script's inputs are not JSON: {error}") from error
        code = source.encode("utf-8", "replace")
        if len(code) + len(document) > self._memory_bytes // 4:
            raise ScriptError("the script's inputs do not fit its memory")
        body = self._run(operation, code, document)
        if b"\\ud" in body:
            body = _LONE_SURROGATE.sub(rb"\1\\ufffd", body)
        try:
            values = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"the script's result is not JSON: {error}") from error
        if not isinstance(values, list):
            raise ScriptError("the script's result is not JSON")
        return values

    def _run(self, operation: Operation, source: bytes, inputs: bytes) -> bytes:
        process = self._slots.get()
        outcome = None
        try:
            process = self._living(process)
            outcome, body = process.exchange(operation, source, inputs, self._timeout_seconds)
        except ProcessTimeoutError as error:
            raise self._timed_out() from error
        except ProcessEndedError as error:
            raise ScriptError(_epitaph(process)) from error
        finally:
            if process is not None and outcome in _FATAL:
                process.stop()
                process = None
            self._slots.put(process)
        return self._body(outcome, body)

    def _living(self, process: ScriptProcess | None) -> ScriptProcess:
        if process is not None and process.is_alive:
            return process
        if process is not None:
            process.stop()
        own_timeout_seconds = _OWN_SHARE * self._timeout_seconds
        return ScriptProcess(own_timeout_seconds, self._memory_bytes, self._max_output_bytes)

    def _body(self, outcome: Outcome, body: bytes) -> bytes:
        match outcome:
            case Outcome.VALUE:
                return body
            case Outcome.ERROR:
                raise ScriptError(body.decode("utf-8", "replace"))
            case Outcome.TIMEOUT:
                raise self._timed_out()
            case Outcome.OUT_OF_MEMORY:
                raise ScriptError("the script ran out of memory")
            case _:
                assert_never(outcome)

    def _timed_out(self) -> ScriptTimeoutError:
        return ScriptTimeoutError(f"the script ran longer than {self._timeout_seconds:g} seconds")


def _epitaph(process: ScriptProcess | None) -> str:
    if process is None:
        return "the script's process could not be started"
    status = process.stop()
    if status == -signal.SIGABRT:  # how jq ends when an allocation fails
        return "the script ran out of memory"
    return f"the script's process ended unexpectedly (status {status})"
