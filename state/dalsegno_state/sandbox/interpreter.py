"""The program of the child process, which runs scripts for whoever holds its pipes.

It is started by its path and imports nothing of this project, so that it starts in a few
milliseconds; the parent imports it only for the wire format below. A request is ``REQUEST``, the
source and the inputs as JSON text; a reply is ``REPLY`` and a body, which is JSON text for
``Outcome.VALUE`` and a message otherwise.
"""

import contextlib
import json
import os
import re
import resource
import struct
import sys
import time
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    import quickjs

REQUEST: Final = struct.Struct(">BII")  # operation, bytes of source, bytes of inputs
REPLY: Final = struct.Struct(">BI")  # outcome, bytes of body
MAX_MESSAGE_BYTES: Final = 2_000

Result: TypeAlias = "tuple[Outcome, str]"  # how a script ended, its value or a message
_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h


class ChildTask(StrEnum):
    """What a child is there for; it loads nothing else."""

    SCRIPTS = "scripts"
    SCHEMAS = "schemas"


class Operation(IntEnum):
    """What the parent asks for."""

    JAVASCRIPT = 0
    FUNCTION_BODY = 1
    SYNTAX = 2
    JQ = 3
    SCHEMA = 4


class Outcome(IntEnum):
    """How it ended."""

    VALUE = 0
    ERROR = 1
    TIMEOUT = 2
    OUT_OF_MEMORY = 3


_MAX_JAVASCRIPT_STACK_BYTES: Final = 4 << 20  # about 2,400 frames
_CACHED_QUERIES: Final = 64  # compiling a jq program takes 1 ms, running it 10 us
_MAX_SCHEMA_ERRORS: Final = 5
_MAX_SCHEMA_MESSAGE: Final = 200

# Doubles tell integers up to here apart. Larger ones reach a script as BigInt, which knows all
# their digits and refuses to be mixed with doubles; on the way, JSON text has them as strings that
# begin with this mark, which no input can contain.
_MAX_EXACT: Final = 2**53
_LONG_NUMBER: Final = re.compile(r"\d{16,}")
_MARK: Final = f"integer-{os.urandom(12).hex()}:"
_MARKED: Final = re.compile(rf'"{_MARK}(-?\d+)"')

# Yields the function that runs a script. It keeps its own references, for a script may replace
# the globals. Eval is called indirectly, which makes it a global one whose value is that of the
# last expression; the value travels in an array, where JSON has a place for undefined.
_RUNNER: Final = """(function (mark) {
  "use strict";
  const evaluate = eval, FunctionOf = Function, ErrorOf = Error;
  const toText = JSON.stringify, marked = new RegExp('"' + mark + '(-?[0-9]+)"', "g");
  const stringify = function (value, replacer, space) {
    const text = toText(value, replacer, space);
    return text && text.includes(mark) ? text.replace(marked, "$1") : text;
  };
  JSON.stringify = stringify;
  const ignore = () => undefined;
  globalThis.console = { log: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
  BigInt.prototype.toJSON = function () { return mark + this; };
  // In Conductor a list among the inputs is a java.util.List as well as an array.
  const addToLists = (name, value) => Object.defineProperty(
    Array.prototype, name, { value, writable: true, configurable: true });
  addToLists("get", function (index) { return this[index]; });
  addToLists("size", function () { return this.length; });
  return function (source, isBody) {
    try {
      return [isBody ? FunctionOf(source)() : evaluate(source)];
    } catch (thrown) {
      const isPlain = typeof thrown === "object" && thrown && !(thrown instanceof ErrorOf);
      throw isPlain ? stringify(thrown) : thrown;
    }
  };
})"""

# Yields a function that replaces the marked strings within a value by the integers they stand for.
_REVIVER: Final = """(function (root, mark) {
  "use strict";
  const pending = [root];
  while (pending.length) {
    const holder = pending.pop();
    for (const name of Object.keys(holder)) {
      const value = holder[name];
      if (typeof value === "string" && value.startsWith(mark)) {
        Object.defineProperty(holder, name, { value: BigInt(value.slice(mark.length)) });
      } else if (value && typeof value === "object") {
        pending.push(value);
      }
    }
  }
})"""

# What precedes the source in the text that is compiled: a function's head, a throw statement.
_LINES_BEFORE: Final = {
    Operation.JAVASCRIPT: 0,
    Operation.FUNCTION_BODY: 2,
    Operation.SYNTAX: 1,
}

# Imports must come first in a jq program, so a definition before it makes them a syntax error:
# they would read files. The definition itself closes the other door to the file system.
_JQ_PROLOGUE: Final = 'def modulemeta: error("modulemeta is not available"); '


class JavaScript:
    """Runs each script in a context of its own; nothing survives it."""

    def __init__(self, timeout_seconds: float, memory_bytes: int) -> None:
        self._timeout_seconds = timeout_seconds
        self._memory_bytes = memory_bytes
        self._stack_bytes = _javascript_stack_bytes()
        self._context: quickjs.Context | None = None
        self._run: Any = None
        self.prepare()

    def prepare(self) -> None:
        """Make the next script's context; done while the parent is not waiting."""
        if self._context is not None:
            return
        import quickjs

        self._context = quickjs.Context()
        self._context.set_max_stack_size(self._stack_bytes)
        self._run = self._context.eval(_RUNNER)(_MARK)

    def run(self, operation: Operation, source: str, inputs: str) -> Result:
        """Return the script's value as the JSON text of a one-element array."""
        import quickjs

        context = self._context
        if context is None:
            raise RuntimeError("prepare() comes before each script")
        context.set_memory_limit(self._memory_bytes)
        context.set_time_limit(self._timeout_seconds)
        try:
            context.set("$", _parsed(context, inputs))
            value = self._run(source, operation is Operation.FUNCTION_BODY)
            return Outcome.VALUE, _MARKED.sub(r"\1", value.json() or "[null]")
        except quickjs.JSException as error:
            return _javascript_failure(str(error), _LINES_BEFORE[operation])
        except (TypeError, ValueError) as error:
            return Outcome.ERROR, f"the script's result is not JSON: {error}"
        finally:
            # Freed before the reply: should a hostile heap crash here, its own script is to blame.
            value = self._run = self._context = context = None

    def syntax(self, source: str) -> Result:
        """Return the syntax error or null, compiling the source without running it."""
        # A program is compiled as a whole before its first statement throws.
        outcome, error = self.run(Operation.SYNTAX, "throw 0;\n" + source, "{}")
        if outcome is Outcome.ERROR:
            return Outcome.VALUE, json.dumps([error if error.startswith("SyntaxError") else None])
        return outcome, error


def _parsed(context: "quickjs.Context", inputs: str) -> Any:
    """Return inputs as a value of the context, integers beyond doubles as BigInt."""
    if not _LONG_NUMBER.search(inputs):
        return context.parse_json(inputs)
    document = json.loads(inputs, parse_int=_marked)
    value = context.parse_json(json.dumps(document, separators=(",", ":")))
    context.eval(_REVIVER)(value, _MARK)
    return value


def _marked(digits: str) -> int | str:
    number = int(digits)
    return number if -_MAX_EXACT <= number <= _MAX_EXACT else _MARK + digits


def _javascript_stack_bytes() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_STACK)
    unlimited = soft == resource.RLIM_INFINITY
    return _MAX_JAVASCRIPT_STACK_BYTES if unlimited else min(_MAX_JAVASCRIPT_STACK_BYTES, soft // 2)


def _javascript_failure(text: str, lines_before: int) -> Result:
    message, _, trace = text.partition("\n    at ")
    message = message.removesuffix("\nundefined").strip()
    if message == "InternalError: interrupted":
        return Outcome.TIMEOUT, message
    if message == "null":  # what is thrown when no memory is left even for an error
        return Outcome.ERROR, "the script threw null or ran out of memory"
    line = trace.partition("<input>:")[2].partition(":")[0]
    is_number = line.isascii() and line.isdigit() and len(line) < 10
    position = f" (line {int(line) - lines_before})" if is_number else ""
    return Outcome.ERROR, message + position


@lru_cache(maxsize=_CACHED_QUERIES)
def _compiled(query: str) -> Any:
    import jq

    program = query.strip() or "."
    # jq itself writes numbers that a program only passes on digit by digit; its Python binding
    # would turn them into doubles.
    with contextlib.suppress(ValueError):
        return jq.compile(f"{_JQ_PROLOGUE}({program}\n) | tojson")
    return jq.compile(_JQ_PROLOGUE + program + "| tojson")  # fails, and says why in its own lines


def run_jq(query: str, document: str) -> Result:
    """Return all results as the JSON text of an array."""
    try:
        text = f"[{','.join(_compiled(query).input_text(document).all())}]"
        changed = _changed_number(text, query, document)
    except (ValueError, TypeError, RecursionError) as error:
        message, _, place = str(error).split("\n", 1)[0].partition(" at <top-level>, line ")
        line = place.partition(",")[0]
        message = message.removeprefix("jq: error: ")
        return Outcome.ERROR, f"{message} (line {line})" if line else message
    if changed is not None:
        message = "jq computes with doubles, and this number is beyond their 2^53"
        return Outcome.ERROR, f"{message}: {changed}"
    return Outcome.VALUE, text


@lru_cache(maxsize=_CACHED_QUERIES)
def _validator(schema: str) -> Any:
    import jsonschema_rs

    # Without look-around and back-references, a pattern takes a time linear in the text.
    return jsonschema_rs.validator_for(
        json.loads(schema),
        mask="the value",
        offline=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def check_schema(schema: str, values: str) -> Result:
    """Return what of some values breaks a schema, ``[path, message]`` each, as JSON text."""
    try:
        validator = _validator(schema)
        told = [
            [error.instance_path, error.message[:_MAX_SCHEMA_MESSAGE]]
            for value in json.loads(values)
            if not validator.is_valid(value)
            for error, _ in zip(validator.iter_errors(value), range(_MAX_SCHEMA_ERRORS))  # noqa: B905
        ]
    except ValueError as error:
        return Outcome.ERROR, str(error).split("\n", 1)[0][:_MAX_SCHEMA_MESSAGE]
    return Outcome.VALUE, json.dumps(told)


def _changed_number(text: str, query: str, document: str) -> int | None:
    """Return an integer of the result that is beyond doubles, and was in no input like that."""
    known = {*_LONG_NUMBER.findall(document), *_LONG_NUMBER.findall(query)}
    if not known:
        return None
    found: list[int] = []

    def note(digits: str) -> int:
        number = int(digits)
        if abs(number) > _MAX_EXACT and digits.lstrip("-") not in known:
            found.append(number)
        return number

    json.loads(text, parse_int=note)
    return found[0] if found else None


def confine(memory_bytes: int) -> None:
    """Give up everything a script has no use for; what is needed is imported by now."""
    # Local time is UTC for every script, whatever the host's zone; the variable itself goes too.
    os.environ["TZ"] = "UTC"
    time.tzset()
    # Emptied although the parent passes next to nothing: jq shows the environment to its programs.
    os.environ.clear()
    limits = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 3),  # the two pipes and stderr: no file or socket can be opened
        (resource.RLIMIT_NPROC, 0),
    ]
    with contextlib.suppress(OSError), open("/proc/self/statm") as statm:
        size_bytes = int(statm.read().split()[0]) * resource.getpagesize()
        # Twice: the interpreter's own heap, then its text on the way in and out.
        limits.append((resource.RLIMIT_AS, size_bytes + 2 * memory_bytes))
    _keep_privileges()
    for limit, value in limits:
        with contextlib.suppress(OSError, ValueError):  # some systems lack or refuse a limit
            resource.setrlimit(limit, (value, value))


def _keep_privileges() -> None:
    """Let nothing that this process may come to execute have more rights than it has."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def _allow_processor_time(seconds: float) -> None:
    """Let the kernel end this process if its parent is gone and a script does not return."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(usage.ru_utime + usage.ru_stime + seconds) + 2
    if hard == resource.RLIM_INFINITY or soft <= hard:
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _read(size_bytes: int) -> bytes:
    chunks = []
    while size_bytes:
        chunk = os.read(0, min(size_bytes, 1 << 20))
        if not chunk:
            sys.exit(0)  # the parent closed the pipe, or is dead
        chunks.append(chunk)
        size_bytes -= len(chunk)
    return b"".join(chunks)


def _reply(outcome: Outcome, body: bytes = b"") -> None:
    reply = memoryview(REPLY.pack(outcome, len(body)) + body)
    while reply:
        reply = reply[os.write(1, reply) :]


class Scripts:
    """Runs scripts; everything they need is loaded."""

    def __init__(self, timeout_seconds: float, memory_bytes: int) -> None:
        self._javascript = JavaScript(timeout_seconds, memory_bytes)
        run_jq(".", "null")

    def prepare(self) -> None:
        """Get ready for the next script."""
        self._javascript.prepare()

    def perform(self, operation: Operation, source: str, inputs: str) -> Result:
        """Return the result of one script."""
        match operation:
            case Operation.JQ:
                return run_jq(source, inputs)
            case Operation.SYNTAX:
                return self._javascript.syntax(source)
            case _:
                return self._javascript.run(operation, source, inputs)


class Schemas:
    """Checks values; the validator is loaded."""

    def __init__(self) -> None:
        check_schema("{}", "[0]")

    def prepare(self) -> None:
        """Get ready for the next check."""

    def perform(self, operation: Operation, source: str, inputs: str) -> Result:
        """Return the result of one check."""
        return check_schema(source, inputs)


def main(task: str, timeout_seconds: float, memory_bytes: int, max_output_bytes: int) -> None:
    """Serve requests until the parent closes the pipe."""
    performer = Schemas() if task == ChildTask.SCHEMAS else Scripts(timeout_seconds, memory_bytes)
    confine(memory_bytes)
    _reply(Outcome.VALUE)
    while True:
        operation, source_bytes, inputs_bytes = REQUEST.unpack(_read(REQUEST.size))
        try:
            source = _read(source_bytes).decode("utf-8", "replace")
            inputs = _read(inputs_bytes).decode("utf-8", "replace")
            _allow_processor_time(timeout_seconds)
            outcome, text = performer.perform(Operation(operation), source, inputs)
            body = text.encode("utf-8", "replace")
        except MemoryError:
            _reply(Outcome.OUT_OF_MEMORY)
            return
        if outcome is not Outcome.VALUE:
            body = body[:MAX_MESSAGE_BYTES]
        elif len(body) > max_output_bytes:
            outcome, body = Outcome.ERROR, b"the result is larger than %d bytes" % max_output_bytes
        _reply(outcome, body)
        performer.prepare()


if __name__ == "__main__":
    sys.path.extend(sys.argv[5:])
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
