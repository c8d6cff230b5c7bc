"""Which call of the builder makes a task; what it leaves out is added by whoever asks."""

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import Parameter, signature
from typing import Any, Final, Protocol

from dalsegno.definitions.source.code import Atom, Call, Code, Dictionary, Listing, Text
from dalsegno.definitions.steps import branches, children, choices, loops, waiting, work
from dalsegno.definitions.steps.script import js
from dalsegno.models import JsonObject, JsonValue, WorkflowDef, WorkflowTask

Named = tuple[tuple[str, Code], ...]


class Writer(Protocol):
    """Writes what stands inside a step."""

    def code(self, value: JsonValue) -> Code:
        """Return code for a JSON value."""
        ...

    def steps(self, tasks: Sequence[WorkflowTask]) -> Listing:
        """Return code for a list of steps."""
        ...

    def workflow(self, definition: WorkflowDef) -> Code:
        """Return code for an embedded definition."""
        ...


_HTTP: Final = {
    "method": "method",
    "headers": "headers",
    "body": "body",
    "accept": "accept",
    "contentType": "content_type",
    "connectionTimeOut": "connection_timeout_ms",
    "readTimeOut": "read_timeout_ms",
}
_HTTP_POLL: Final = {
    "terminationCondition": "until",
    "method": "method",
    "headers": "headers",
    "body": "body",
    "pollingInterval": "every_seconds",
    "pollingStrategy": "strategy",
    "maxPollCount": "most_polls",
}
_TERMINATE: Final = {"terminationReason": "reason", "workflowOutput": "output"}
_CHILD: Final = {
    "version": "version",
    "priority": "priority",
    "taskToDomain": "task_to_domain",
    "idempotencyKey": "idempotency_key",
    "idempotencyStrategy": "idempotency_strategy",
}
_START: Final = {
    "version": "version",
    "correlationId": "correlation_id",
    "idempotencyKey": "idempotency_key",
}
_USUAL_PARAMETER: Final = "value"


def call_for(task: WorkflowTask, writer: Writer) -> Call:
    """Return the call that says most of what a task is; its step may lack some of it."""
    recognize = _RECOGNIZERS.get(task.type, _system_task)
    return recognize(task, writer) or _system_task(task, writer)


def parallel_for(fork: WorkflowTask, join: WorkflowTask, writer: Writer) -> Call | None:
    """Return the call that makes a fork with the JOIN behind it, None if none does."""
    if fork.type == "FORK_JOIN":
        call = _forked(fork, writer, branches.parallel)
    else:
        call = _each(fork, writer) or _dynamic_fork(fork, writer)
    if call is None or join.task_reference_name == f"{fork.task_reference_name}_join":
        return call
    return replace(call, named=(*call.named, ("join_ref", Text(join.task_reference_name))))


def _ref(task: WorkflowTask, default: str) -> Named:
    name = task.task_reference_name
    return () if name == default else (("ref", Text(name)),)


def _named(values: Mapping[str, JsonValue], names: Mapping[str, str], writer: Writer) -> Named:
    return tuple(
        (name, writer.code(values[key]))
        for key, name in names.items()
        if values.get(key) is not None
    )


def _inputs(
    inputs: Mapping[str, JsonValue], writer: Writer, function: Callable[..., Any], *left_out: str
) -> Named:
    """Return inputs as named arguments, none if one of them cannot be."""
    given = {key: value for key, value in inputs.items() if key not in left_out}
    if not all(is_argument(key, function) for key in given):
        return ()
    return tuple((key, writer.code(value)) for key, value in given.items())


def is_argument(name: str, function: Callable[..., Any]) -> bool:
    """Tell if ``name`` can be passed to a function's ``**inputs``."""
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or keyword.iskeyword(name):
        return False
    parameter = signature(function).parameters.get(name)
    return parameter is None or parameter.kind in {
        Parameter.POSITIONAL_ONLY,
        Parameter.VAR_KEYWORD,
    }


def _task(task: WorkflowTask, writer: Writer) -> Call:
    inputs = _inputs(task.input_parameters, writer, work.task)
    return Call(work.task, (Text(task.name),), (*_ref(task, task.name), *inputs))


def _system_task(task: WorkflowTask, writer: Writer) -> Call:
    inputs = _inputs(task.input_parameters, writer, work.system_task)
    named = (*_ref(task, task.type.lower()), *inputs)
    return Call(work.system_task, (Text(task.type),), named)


def _http(task: WorkflowTask, writer: Writer) -> Call | None:
    return _request(task, writer, work.http, _HTTP)


def _http_poll(task: WorkflowTask, writer: Writer) -> Call | None:
    return _request(task, writer, work.http_poll, _HTTP_POLL)


def _request(
    task: WorkflowTask, writer: Writer, function: Callable[..., Any], names: Mapping[str, str]
) -> Call | None:
    request = task.input_parameters.get("http_request")
    if not isinstance(request, dict) or not isinstance(request.get("uri"), str):
        return None
    needed = {"uri", "method", *(["terminationCondition"] if "pollingInterval" in names else [])}
    if (
        request.keys() - names.keys() - {"uri"}
        or needed - request.keys()
        or None in request.values()
    ):
        return None
    named = (*_ref(task, function.__name__), *_named(request, names, writer))
    return Call(function, (writer.code(request["uri"]),), named)


def _with_inputs_of(
    function: Callable[..., Any], *args: str, **fixed: JsonValue
) -> Callable[[WorkflowTask, Writer], Call | None]:
    """Return the recognizer of a function with some inputs first and the others by name."""

    def recognize(task: WorkflowTask, writer: Writer) -> Call | None:
        inputs = task.input_parameters
        if any(not isinstance(inputs.get(arg), str) for arg in args):
            return None
        if any(inputs.get(key) != value for key, value in fixed.items()):
            return None
        first = tuple(writer.code(inputs[arg]) for arg in args)
        named = _inputs(inputs, writer, function, *args, *fixed)
        return Call(function, first, (*_ref(task, function.__name__), *named))

    return recognize


def _event(task: WorkflowTask, writer: Writer) -> Call | None:
    if not task.sink:
        return None
    named = (*_ref(task, "event"), *_inputs(task.input_parameters, writer, work.event))
    return Call(work.event, (writer.code(task.sink),), named)


def _dynamic(task: WorkflowTask, writer: Writer) -> Call | None:
    name = task.input_parameters.get("taskToExecute")
    if task.dynamic_task_name_param != "taskToExecute" or not isinstance(name, str):
        return None
    code = writer.code(name)
    if not isinstance(code, Atom) or name != str(code.value) or code.text.startswith("f"):
        return None
    named = (
        *_ref(task, "dynamic"),
        *_inputs(task.input_parameters, writer, work.dynamic, "taskToExecute"),
    )
    return Call(work.dynamic, (code,), named)


def _wait(task: WorkflowTask, writer: Writer) -> Call:
    inputs = task.input_parameters
    duration, until = inputs.get("duration"), inputs.get("until")
    args = (writer.code(duration),) if isinstance(duration, str) else ()
    named = (("until", writer.code(until)),) if isinstance(until, str) and not args else ()
    return Call(waiting.wait, args, (*_ref(task, "wait"), *named))


def _switch(task: WorkflowTask, writer: Writer) -> Call | None:
    is_script = task.evaluator_type == "javascript"
    if not is_script and task.evaluator_type != "value-param":
        return None
    parameter, script = (None, task.expression) if is_script else (task.expression, None)
    return _choice(task, writer, choices.switch, parameter, script)


def _decision(task: WorkflowTask, writer: Writer) -> Call | None:
    parameter, script = task.case_value_param, task.case_expression
    if parameter and script:
        return None
    return _choice(task, writer, choices.decision, parameter, script)


def _choice(
    task: WorkflowTask,
    writer: Writer,
    function: Callable[..., Any],
    parameter: str | None,
    script: str | None,
) -> Call | None:
    value = task.input_parameters.get(parameter or "")
    on: Code
    if not task.decision_cases:
        return None
    if script:
        on = Call(js, (Text(script),), _inputs(task.input_parameters, writer, js))
    elif parameter and isinstance(value, str):
        on = writer.code(value)
    else:
        return None
    cases = tuple((case, writer.steps(tasks)) for case, tasks in task.decision_cases.items())
    named = _ref(task, function.__name__)
    if task.default_case:
        named = (*named, ("default", writer.steps(task.default_case)))
    if parameter and parameter != _USUAL_PARAMETER:
        named = (*named, ("parameter", Text(parameter)))
    return Call(function, (on, Dictionary(cases)), named)


def _terminate(task: WorkflowTask, writer: Writer) -> Call | None:
    status = task.input_parameters.get("terminationStatus")
    if not isinstance(status, str):
        return None
    named = (*_ref(task, "terminate"), *_named(task.input_parameters, _TERMINATE, writer))
    return Call(choices.terminate, (writer.code(status),), named)


def _exclusive_join(task: WorkflowTask, writer: Writer) -> Call:
    names = tuple(writer.code(name) for name in task.join_on)
    return Call(choices.exclusive_join, names, _ref(task, "exclusive_join"))


def _fork(task: WorkflowTask, writer: Writer) -> Call | None:
    return _forked(task, writer, branches.fork)


def _forked(task: WorkflowTask, writer: Writer, function: Callable[..., Any]) -> Call | None:
    if not task.fork_tasks or not all(task.fork_tasks):
        return None
    inner = tuple(writer.steps(branch) for branch in task.fork_tasks)
    return Call(function, inner, _ref(task, function.__name__))


def _join(task: WorkflowTask, writer: Writer) -> Call:
    names = tuple(Text(name) for name in task.join_on)
    return Call(branches.join, names, _ref(task, "join"))


def _each(task: WorkflowTask, writer: Writer) -> Call | None:
    inputs = task.input_parameters
    items, workflow, name = (
        inputs.get(key) for key in ("forkTaskInputs", "forkTaskWorkflow", "forkTaskName")
    )
    if not isinstance(items, str | list):
        return None
    kind, version = inputs.get("forkTaskType"), inputs.get("forkTaskWorkflowVersion")
    do: Code
    if isinstance(workflow, str) and name is None and "${" not in workflow:
        which = (("version", writer.code(version)),) if isinstance(version, int) else ()
        do = Call(children.subworkflow, (Text(workflow),), which)
    elif isinstance(name, str) and kind is None and "${" not in name:
        do = Text(name)
    elif isinstance(name, str) and isinstance(kind, str):
        do = Call(work.system_task, (Text(kind),), (("ref", Text(name)),))
    else:
        return None
    return Call(branches.each, (writer.code(items), do), _ref(task, "each"))


def _dynamic_fork(task: WorkflowTask, writer: Writer) -> Call | None:
    tasks, inputs = (task.input_parameters.get(key) for key in ("tasks", "inputs"))
    if not (isinstance(tasks, str) and isinstance(inputs, str)):
        return None
    args = (writer.code(tasks), writer.code(inputs))
    return Call(branches.dynamic_fork, args, _ref(task, "dynamic_fork"))


def _loop(task: WorkflowTask, writer: Writer) -> Call | None:
    condition, ref = task.loop_condition, task.task_reference_name
    if condition is None or not task.loop_over:
        return None
    body = writer.steps(task.loop_over)
    over, ending = task.items or task.input_parameters.get("_items"), Named()
    turns = re.fullmatch(rf"\$\.{re.escape(ref)}\['iteration'\] < (\d+)", condition)
    if turns and int(turns[1]) > 0 and over is None:
        ending = (("times", Atom(turns[1], int(turns[1]))),)
    elif condition or over is None:
        seen = _inputs(task.input_parameters, writer, js, "_items")
        script = Text(condition)
        ending = (("while_", Call(js, (script,), seen) if seen else script),)
    if isinstance(over, str | list) and over:
        ending = (*ending, ("over", writer.code(over)))
    return Call(loops.loop, (body,), (*_ref(task, "loop"), *ending))


def _subworkflow(task: WorkflowTask, writer: Writer) -> Call | None:
    params = task.sub_workflow_param
    if params is None:
        return None
    wire: JsonObject = params.to_wire()
    match params.workflow_definition:
        case WorkflowDef() as embedded:
            which, default = writer.workflow(embedded), embedded.name
            wire.pop("version", None)
        case str() as text:
            which, default = writer.code(text), "subworkflow"
            if not isinstance(which, Atom):
                return None
        case None if params.name:
            which, default = Text(params.name), params.name
        case _:
            return None
    named = (
        *_named(wire, _CHILD, writer),
        *_inputs(task.input_parameters, writer, children.subworkflow),
    )
    return Call(children.subworkflow, (which,), (*_ref(task, default), *named))


def _start(task: WorkflowTask, writer: Writer) -> Call | None:
    request = task.input_parameters.get("startWorkflow")
    if not isinstance(request, dict) or not isinstance(request.get("name"), str):
        return None
    inputs = request.get("input")
    if request.keys() - {"name", "input", *_START} or not isinstance(inputs, dict | None):
        return None
    if not all(is_argument(key, children.start_workflow) for key in inputs or {}):
        return None
    named = (
        *_named(request, _START, writer),
        *_inputs(inputs or {}, writer, children.start_workflow),
    )
    ref = _ref(task, "start_workflow")
    return Call(children.start_workflow, (writer.code(request["name"]),), (*ref, *named))


_RECOGNIZERS: Final[Mapping[str, Callable[[WorkflowTask, Writer], Call | None]]] = {
    "AWS_LAMBDA": _with_inputs_of(work.lambda_function, "functionName"),
    "DECISION": _decision,
    "DO_WHILE": _loop,
    "DYNAMIC": _dynamic,
    "EVENT": _event,
    "EXCLUSIVE_JOIN": _exclusive_join,
    "FORK_JOIN": _fork,
    "HTTP": _http,
    "HTTP_POLL": _http_poll,
    "HUMAN": _with_inputs_of(waiting.human),
    "INLINE": _with_inputs_of(work.inline, "expression", evaluatorType="javascript"),
    "JOIN": _join,
    "JSON_JQ_TRANSFORM": _with_inputs_of(work.jq, "queryExpression"),
    "NOOP": _with_inputs_of(work.noop),
    "SET_VARIABLE": _with_inputs_of(work.set_variables),
    "SIMPLE": _task,
    "START_WORKFLOW": _start,
    "SUB_WORKFLOW": _subworkflow,
    "SWITCH": _switch,
    "TERMINATE": _terminate,
    "WAIT": _wait,
}
