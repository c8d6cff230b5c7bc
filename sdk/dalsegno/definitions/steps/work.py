"""Steps that do work: workers, calls, and every other type by its name."""

from collections.abc import Mapping
from typing import Any, Literal

from dalsegno.definitions.errors import refuse
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.script import Script, script_of
from dalsegno.definitions.steps.step import NamesTask, Step, present, step_of, wire_task
from dalsegno.models import JsonValue


def task(task_type: str | NamesTask, /, ref: str | None = None, **inputs: Value) -> Step:
    """Return a step that a worker does.

    Args:
        task_type: The type that workers poll, or a function decorated with ``@worker``.
        ref: Reference name, the type by default.
        **inputs: The task's input. Names that are taken, or no Python names, go to
            ``with_inputs({...})``.

    Raises:
        TypeError: ``task_type`` is neither, or an input neither JSON nor an expression.
    """
    name = task_type_of(task_type)
    return step_of("SIMPLE", name if ref is None else ref, inputs, name=name)


def task_type_of(worker: str | NamesTask) -> str:
    """Return the task type that a text or a worker names; raises TypeError if it names none."""
    name = worker if isinstance(worker, str) else getattr(worker, "task_type", None)
    if not isinstance(name, str) or not name:
        raise TypeError(
            f"{worker!r:.80} names no task type: pass a text, or a function decorated with @worker"
        )
    return name


def system_task(task_type: str, /, ref: str | None = None, **inputs: Value) -> Step:
    """Return a step of any type the engine knows, by that type and its inputs.

    The reference name is the type in small letters by default. Fields beside the inputs are set by
    ``with_fields``.
    """
    return step_of(task_type, task_type.lower() if ref is None else ref, inputs)


def raw(fields: Mapping[str, JsonValue]) -> Step:
    """Return a step from its JSON as it stands.

    Raises:
        InvalidDefinitionError: A field has the wrong type.
    """
    return Step((wire_task(fields),))


def http(
    uri: str | Expression,
    /,
    ref: str = "http",
    *,
    method: str = "GET",
    headers: Mapping[str, Value] | Expression | None = None,
    body: Value = None,
    accept: str | None = None,
    content_type: str | None = None,
    connection_timeout_ms: int | None = None,
    read_timeout_ms: int | None = None,
) -> Step:
    """Return a call of a web service, at least once; any status but 2xx fails it."""
    request = present(
        f"step {ref}",
        uri=uri,
        method=method,
        headers=headers,
        body=body,
        accept=accept,
        contentType=content_type,
        connectionTimeOut=connection_timeout_ms,
        readTimeOut=read_timeout_ms,
    )
    return step_of("HTTP", ref, {"http_request": request})


def http_poll(
    uri: str | Expression,
    /,
    ref: str = "http_poll",
    *,
    until: str | Expression,
    method: str = "GET",
    headers: Mapping[str, Value] | Expression | None = None,
    body: Value = None,
    every_seconds: int | Expression | None = None,
    strategy: Literal["FIXED", "LINEAR_BACKOFF", "EXPONENTIAL_BACKOFF"] | None = None,
    most_polls: int | Expression | None = None,
) -> Step:
    """Return calls of a web service that are repeated until an answer meets a condition.

    Args:
        uri: What is called.
        ref: Reference name.
        until: JavaScript over ``$.output.response``, with its ``statusCode`` and ``body``.
        method: Of HTTP.
        headers: Of each request.
        body: Of each request, as JSON.
        every_seconds: Time between two calls, 60 by default.
        strategy: How that time grows.
        most_polls: The step fails after so many calls.
    """
    request = present(
        f"step {ref}",
        uri=uri,
        method=method,
        headers=headers,
        body=body,
        terminationCondition=until,
        pollingInterval=every_seconds,
        pollingStrategy=strategy,
        maxPollCount=most_polls,
    )
    return step_of("HTTP_POLL", ref, {"http_request": request})


def lambda_function(
    function: str | Expression, /, ref: str = "lambda_function", **inputs: Value
) -> Step:
    """Return an invocation of an AWS Lambda function, by name or ARN; it gets ``inputs``."""
    return step_of("AWS_LAMBDA", ref, {"functionName": function, **inputs})


def dynamic(task_type: Expression, /, ref: str = "dynamic", **inputs: Value) -> Step:
    """Return a worker's step whose type is known only when the workflow runs."""
    if not isinstance(task_type, Expression):
        raise refuse(f"step {ref}", f"{task_type!r} is known already: write task({task_type!r})")
    taken = {"taskToExecute": task_type, **inputs}
    return step_of("DYNAMIC", ref, taken, dynamicTaskNameParam="taskToExecute")


def inline(script: str | Script, /, ref: str = "inline", **inputs: Value) -> Step:
    """Return the value of some JavaScript, which sees ``inputs`` as ``$``; see ``js``."""
    source = script_of(script)
    evaluated = {"evaluatorType": "javascript", "expression": source.text}
    return step_of("INLINE", ref, {**evaluated, **source.inputs, **inputs})


def jq(query: str | Expression, /, ref: str = "jq", **inputs: Value) -> Step:
    """Return what jq makes of ``inputs``: ``result``, the first value, and ``resultList``."""
    return step_of("JSON_JQ_TRANSFORM", ref, {"queryExpression": query, **inputs})


def set_variables(ref: str = "set_variables", **variables: Value) -> Step:
    """Return a step that lays these over ``workflow.variables``."""
    return step_of("SET_VARIABLE", ref, variables)


def noop(ref: str = "noop") -> Step:
    """Return a step that does nothing."""
    return step_of("NOOP", ref, {})


def event(sink: str | Expression, /, ref: str = "event", **payload: Value) -> Step:
    """Return a message to a sink: ``conductor:name``, ``sqs:queue``, ``sns:topic`` and so on."""
    return step_of("EVENT", ref, payload, sink=str(sink))


def get_workflow(
    workflow_id: str | Expression, /, ref: str = "get_workflow", *, include_tasks: bool = False
) -> Step:
    """Return a reading of another execution as it stands."""
    inputs: dict[str, Any] = {"id": workflow_id}
    return step_of("GET_WORKFLOW", ref, inputs | ({"includeTasks": True} if include_tasks else {}))
