"""Scripts run by a small pool of confined child processes."""

import json
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, assert_never

from pydantic import JsonValue

from dalsegno_state.sandbox.interpreter import ChildTask, Operation, Outcome
from dalsegno_state.sandbox.process import (
    ProcessEndedError,
    ProcessTimeoutError,
    ScriptProcess,
)
from dalsegno_state.sandbox.slots import Slots
from dalsegno_state.scripts import ScriptError, Scripts, ScriptTimeoutError

# What JavaScript escapes are surrogates without a partner: no text in UTF-8 can hold them.
_LONE_SURROGATE: Final = re.compile(rb"(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}")
# A child stops JavaScript itself a little earlier, so that it usually need not be replaced.
_OWN_SHARE: Final = 0.95
# After these (None: no reply at all) a child is of no further use.
_FATAL: Final = (None, Outcome.OUT_OF_MEMORY)


@dataclass(slots=True, eq=False)
class _Child:
    """A place for one child process, which need not run.

    Attributes:
        lock: Held while a script runs, so that ``close`` waits for it.
    """

    task: ChildTask
    process: ScriptProcess | None = None
    lock: Lock = field(default_factory=Lock)

    def end(self) -> None:
        """End the process after its present script."""
        with self.lock:
            if self.process is not None:
                self.process.stop()
                self.process = None


class SandboxedScripts:
    """``Scripts`` in child processes without environment, files, sockets or shared state.

    A child that runs out of time or memory, or crashes, is replaced by a new one for the next
    script. Children start with the first script that needs them and end with this process, even if
    it is killed. Many threads may use it: ``processes`` scripts run at once, the others wait, each
    workflow's in a line of their own, and not for ever. One more child checks costly schemas.

    Args:
        timeout_seconds: How much processor time a script may take.
        memory_bytes: How much a script may allocate. The child as a whole may take twice as much
            on top of what it occupies when idle, about 15 MB.
        max_output_bytes: How much JSON a script may yield.
        processes: How many children run scripts at most.
        wait_seconds: How long a script waits for a child at most.
        max_waiting: How many scripts may wait at once; half as many of one workflow.
    """

    def __init__(
        self,
        timeout_seconds: float = 4.0,
        memory_bytes: int = 128 << 20,
        max_output_bytes: int = 10 << 20,
        processes: int = 2,
        wait_seconds: float = 5.0,
        max_waiting: int = 32,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._max_output_bytes = max_output_bytes
        # A slot holds a child or waits for one; last in, first out keeps to the warm ones.
        self._children = {
            task: [_Child(task) for _ in range(count)]
            for task, count in ((ChildTask.SCRIPTS, processes), (ChildTask.SCHEMAS, 1))
        }
        self._slots = {
            task: Slots(
                [*children],
                wait_seconds=wait_seconds,
                max_waiting=max_waiting,
                max_waiting_of_one=max(max_waiting // 2, 1),
            )
            for task, children in self._children.items()
        }

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``."""
        return _ScriptsOf(self, name)

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        return _ScriptsOf(self, "").javascript(source, inputs)

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        return _ScriptsOf(self, "").function_body(source, inputs)

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        return _ScriptsOf(self, "").jq(query, document)

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        return _ScriptsOf(self, "").schema_errors(schema, values)

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return _ScriptsOf(self, "").syntax_error(source)

    def close(self) -> None:
        """End the children, each after its present script; a later script starts new ones."""
        for children in self._children.values():
            for child in children:
                child.end()

    def results(
        self, name: str, operation: Operation, source: str, inputs: JsonValue
    ) -> list[JsonValue]:
        """Return what a script on behalf of ``name`` yields."""
        try:
            document = json.dumps(inputs, separators=(",", ":"), allow_nan=False).encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise ScriptError(f"the script's inputs are not JSON: {error}") from error
        code = source.encode("utf-8", "replace")
        if len(code) + len(document) > self._memory_bytes // 4:
            raise ScriptError("the script's inputs do not fit its memory")
        body = self._run(name, operation, code, document)
        if b"\\ud" in body:
            body = _LONE_SURROGATE.sub(rb"\1\\ufffd", body)
        try:
            values = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise ScriptError(f"the script's result is not JSON: {error}") from error
        if not isinstance(values, list):
            raise ScriptError("the script's result is not JSON")
        return values

    def _run(self, name: str, operation: Operation, source: bytes, inputs: bytes) -> bytes:
        is_schema = operation is Operation.SCHEMA
        slots = self._slots[ChildTask.SCHEMAS if is_schema else ChildTask.SCRIPTS]
        child = slots.acquire(name)
        try:
            with child.lock:
                outcome, body = self._exchange(child, operation, source, inputs)
        finally:
            slots.release(child)
        return self._body(outcome, body)

    def _exchange(
        self, child: "_Child", operation: Operation, source: bytes, inputs: bytes
    ) -> tuple[Outcome, bytes]:
        outcome = None
        try:
            process = child.process = self._living(child)
            outcome, body = process.exchange(operation, source, inputs, self._timeout_seconds)
        except ProcessTimeoutError as error:
            raise self._timed_out() from error
        except ProcessEndedError as error:
            raise ScriptError(_epitaph(child.process)) from error
        finally:
            if child.process is not None and outcome in _FATAL:
                child.process.stop()
                child.process = None
        return outcome, body

    def _living(self, child: "_Child") -> ScriptProcess:
        if child.process is not None and child.process.is_alive:
            return child.process
        if child.process is not None:
            child.process.stop()
            child.process = None
        own_timeout_seconds = _OWN_SHARE * self._timeout_seconds
        return ScriptProcess(
            child.task, own_timeout_seconds, self._memory_bytes, self._max_output_bytes
        )

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


@dataclass(frozen=True, slots=True)
class _ScriptsOf:
    """``Scripts`` on behalf of one name."""

    sandbox: SandboxedScripts
    name: str

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``."""
        return _ScriptsOf(self.sandbox, name)

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        return self._value(Operation.JAVASCRIPT, source, dict(inputs))

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        return self._value(Operation.FUNCTION_BODY, source, dict(inputs))

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        return self.sandbox.results(self.name, Operation.JQ, query, document)

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        return self.sandbox.results(self.name, Operation.SCHEMA, schema, values)

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        error = self._value(Operation.SYNTAX, source, {})
        return None if error is None else str(error)

    def _value(self, operation: Operation, source: str, inputs: JsonValue) -> JsonValue:
        values = self.sandbox.results(self.name, operation, source, inputs)
        if len(values) != 1:
            raise ScriptError("the script's result is not JSON")
        return values[0]


def _epitaph(process: ScriptProcess | None) -> str:
    if process is None:
        return "the script's process could not be started"
    status = process.stop()
    if status == -signal.SIGABRT:  # how jq ends when an allocation fails
        return "the script ran out of memory"
    return f"the script's process ended unexpectedly (status {status})"
