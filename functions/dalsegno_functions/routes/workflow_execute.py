"""Executions: starting them and waiting for what they come to, under ``/api/workflow``."""

from dataclasses import replace
from uuid import uuid4

from dalsegno.models import JsonObject, ReturnStrategy, StartWorkflowRequest, TaskRun, WorkflowRun
from dalsegno_functions import synchronous
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import defaulted, word
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, text
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_functions.routes.starting import (
    CONSISTENCY,
    CORRELATION_ID,
    IDEMPOTENCY,
    IDEMPOTENCY_KEY,
    IDEMPOTENCY_STRATEGY,
    PRIORITY,
    REQUEST_ID,
    VERSION,
    VERSION_IN_PATH,
    WAIT,
    WAIT_FOR_SECONDS,
    WAIT_UNTIL_TASK_REF,
    with_idempotency,
)
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Workflow", "/api/workflow")


class ExecuteWorkflowRequest(StartWorkflowRequest):
    """Starts a workflow whose name and version are in the path."""

    name: str = ""


EXECUTE = Body(
    ExecuteWorkflowRequest,
    default=ExecuteWorkflowRequest,
    example={"input": {"orderId": "A-1"}, "correlationId": "customer-7"},
)
INPUT = Body(JsonObject, default=dict, example={"orderId": "A-1"})

RETURN_STRATEGY = defaulted(
    "returnStrategy",
    word(ReturnStrategy),
    ReturnStrategy.TARGET_WORKFLOW,
    "The workflow, the one that holds the blocking task, or that task.",
)

API_PARAMETERS = (VERSION, *WAIT, *IDEMPOTENCY)


@routes.post(
    "/start/{name}/{version}",
    "Start a workflow by name and version, with the body as its input",
    parameters=(VERSION_IN_PATH, CORRELATION_ID, PRIORITY, *IDEMPOTENCY),
    body=INPUT,
    returns=str,
)
def start(request: Request, engine: Engine) -> Response:
    """Start a workflow and answer with its id."""
    asked = StartWorkflowRequest(
        name=request.path["name"],
        version=VERSION_IN_PATH.of(request) or None,
        correlation_id=CORRELATION_ID.of(request),
        priority=PRIORITY.of(request),
        input=INPUT.of(request),
        idempotency_key=IDEMPOTENCY_KEY.of(request),
        idempotency_strategy=IDEMPOTENCY_STRATEGY.of(request),
    )
    return text(engine.executions.start(asked))


@routes.post(
    "/execute/{name}/{version}",
    "Start a workflow and wait until it has ended or stands still",
    parameters=(VERSION_IN_PATH, *WAIT, RETURN_STRATEGY, CONSISTENCY, *IDEMPOTENCY),
    body=EXECUTE,
    returns=WorkflowRun | TaskRun,
    lane=Lane.WAIT,
)
def execute(request: Request, engine: Engine) -> Response:
    """Start a workflow, wait, and answer with what the return strategy asks for."""
    start_request, wait = _start_request(request), _wait(request)
    wait = replace(wait, strategy=RETURN_STRATEGY.of(request))
    started = replace(wait, workflow_id=engine.executions.start(start_request))
    return json(synchronous.run(engine, started, request.caller))


@routes.post(
    "/execute/{name}",
    "Start a workflow with the body as its input, wait, and get its output",
    parameters=API_PARAMETERS,
    body=INPUT,
    returns=JsonObject,
    example={"receipt": "R-1"},
    lane=Lane.WAIT,
)
def execute_as_api(request: Request, engine: Engine) -> Response:
    """Start a workflow, wait, and answer with its output as it is then."""
    return _output(request, engine, INPUT.of(request))


@routes.get(
    "/execute/{name}",
    "Start a workflow with the other query parameters as its input, wait, and get its output",
    parameters=API_PARAMETERS,
    returns=JsonObject,
    example={"receipt": "R-1"},
    lane=Lane.WAIT,
    takes_any_query=True,
)
def execute_as_get_api(request: Request, engine: Engine) -> Response:
    """Start a workflow, wait, and answer with its output as it is then."""
    own = {parameter.name for parameter in API_PARAMETERS}
    inputs: JsonObject = {
        name: values[0] if len(values) == 1 else list(values)
        for name, values in request.query.items()
        if name not in own
    }
    return _output(request, engine, inputs)


def names_in(joined: str | None) -> frozenset[str]:
    """Return the names in a list joined by commas."""
    return frozenset(name.strip() for name in (joined or "").split(",") if name.strip())


def _start_request(request: Request) -> StartWorkflowRequest:
    """Return what to start: name and version are the path's, whatever the body says."""
    asked = EXECUTE.of(request)
    changes: dict[str, object] = {
        "name": request.path["name"],
        "version": VERSION_IN_PATH.of(request) or None,
    }
    if asked.workflow_def is not None and asked.workflow_def.tasks:
        changes["input"] = {**asked.input, "_systemMetadata": {"dynamic": True}}
    return with_idempotency(request, asked.model_copy(update=changes))


def _wait(request: Request) -> synchronous.Wait:
    """Return what to wait for; the workflow is yet to be started."""
    return synchronous.Wait(
        workflow_id="",
        refs=names_in(WAIT_UNTIL_TASK_REF.of(request)),
        seconds=WAIT_FOR_SECONDS.of(request) or 10,
        strategy=ReturnStrategy.TARGET_WORKFLOW,
        request_id=REQUEST_ID.of(request) or str(uuid4()),
    )


def _output(request: Request, engine: Engine, inputs: JsonObject) -> Response:
    """Start a workflow, wait, and return its output; headers tell its id and status."""
    wait = _wait(request)
    asked = StartWorkflowRequest(
        name=request.path["name"],
        version=VERSION.of(request),
        input=inputs,
        idempotency_key=IDEMPOTENCY_KEY.of(request),
        idempotency_strategy=IDEMPOTENCY_STRATEGY.of(request),
    )
    workflow_id = engine.executions.start(asked)
    run = synchronous.run(engine, replace(wait, workflow_id=workflow_id), request.caller)
    headers = {
        "x-workflow-id": workflow_id,
        "x-workflow-status": run.target_workflow_status or "",
        "x-request-id": run.request_id or "",
    }
    return replace(json(run.output), headers=headers)
