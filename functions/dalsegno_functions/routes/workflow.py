"""Executions: starting and steering them, under ``/api/workflow``."""

from dalsegno.models import (
    JsonObject,
    RerunWorkflowRequest,
    SkipTaskRequest,
    StartWorkflowRequest,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import (
    FLAG,
    TEXT,
    defaulted,
    optional,
    without_effect,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, no_content, text
from dalsegno_functions.http.routes import Routes
from dalsegno_functions.routes.starting import (
    CORRELATION_ID,
    IDEMPOTENCY,
    IDEMPOTENCY_KEY,
    IDEMPOTENCY_STRATEGY,
    PRIORITY,
    VERSION,
    with_idempotency,
)
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Workflow", "/api/workflow")


START = Body(StartWorkflowRequest)
INPUT = Body(JsonObject, example={"orderId": "A-1"})
RERUN = Body(RerunWorkflowRequest)
SKIP = Body(SkipTaskRequest, default=SkipTaskRequest)

LATEST = defaulted("useLatestDefinitions", FLAG, False, "Else those it had.")
RESUME = defaulted("resumeSubworkflowTasks", FLAG, False, "Retry where the failure is deepest.")
REASON = optional("reason", TEXT, "Is shown as reasonForIncompletion.")
ARCHIVE = defaulted("archiveWorkflow", FLAG, True, "Keep a copy, if there is an archive.")
TRIGGER_FAILURE_WORKFLOW = without_effect(
    "triggerFailureWorkflow", "as in Conductor, no failure workflow follows a termination."
)
RETRY_IF_RETRIED_BY_PARENT = without_effect(
    "retryIfRetriedByParent", "a sub-workflow is retried whoever retried it before."
)
SKIP_TASK_REQUEST = without_effect("skipTaskRequest", "send input and output in the body.")


@routes.post("", "Start a workflow", parameters=IDEMPOTENCY, body=START, returns=str)
def start(request: Request, engine: Engine) -> Response:
    """Start a workflow and answer with its id."""
    return text(engine.executions.start(with_idempotency(request, START.of(request))))


@routes.post(
    "/{name}",
    "Start a workflow by name",
    parameters=(VERSION, CORRELATION_ID, PRIORITY, *IDEMPOTENCY),
    body=INPUT,
    returns=str,
)
def start_by_name(request: Request, engine: Engine) -> Response:
    """Start a workflow with the body as its input and answer with its id."""
    start_request = StartWorkflowRequest(
        name=request.path["name"],
        version=VERSION.of(request),
        correlation_id=CORRELATION_ID.of(request),
        priority=PRIORITY.of(request),
        input=INPUT.of(request),
        idempotency_key=IDEMPOTENCY_KEY.of(request),
        idempotency_strategy=IDEMPOTENCY_STRATEGY.of(request),
    )
    return text(engine.executions.start(start_request))


@routes.put("/decide/{workflowId}", "Look at a workflow now and go on with what is due")
def decide(request: Request, engine: Engine) -> Response:
    """Evaluate a workflow."""
    engine.executions.decide(request.path["workflowId"])
    return empty()


@routes.put("/{workflowId}/pause", "Pause a workflow: open tasks go on, nothing new starts")
def pause(request: Request, engine: Engine) -> Response:
    """Pause a workflow."""
    engine.executions.pause(request.path["workflowId"])
    return empty()


@routes.put("/{workflowId}/resume", "Resume a paused workflow")
def resume(request: Request, engine: Engine) -> Response:
    """Resume a workflow."""
    engine.executions.resume(request.path["workflowId"])
    return empty()


@routes.put(
    "/{workflowId}/skiptask/{taskReferenceName}",
    "Skip a task not reached yet",
    parameters=(SKIP_TASK_REQUEST,),
    body=SKIP,
)
def skip_task(request: Request, engine: Engine) -> Response:
    """Have a task stepped over when it is reached."""
    variables = request.path
    engine.executions.skip_task(
        variables["workflowId"], variables["taskReferenceName"], SKIP.of(request)
    )
    return empty()


@routes.post(
    "/{workflowId}/rerun",
    "Run an ended workflow again, from its beginning or from a task",
    body=RERUN,
    returns=str,
)
def rerun(request: Request, engine: Engine) -> Response:
    """Rerun a workflow and answer with its id."""
    return text(engine.executions.rerun(request.path["workflowId"], RERUN.of(request)))


@routes.post(
    "/{workflowId}/restart",
    "Run an ended workflow again from its beginning",
    parameters=(LATEST,),
    status=204,
)
def restart(request: Request, engine: Engine) -> Response:
    """Restart a workflow."""
    latest = LATEST.of(request)
    engine.executions.restart(request.path["workflowId"], use_latest_definitions=latest)
    return no_content()


@routes.post(
    "/{workflowId}/retry",
    "Try the failed tasks of an ended workflow again",
    parameters=(RESUME, RETRY_IF_RETRIED_BY_PARENT),
    status=204,
)
def retry(request: Request, engine: Engine) -> Response:
    """Retry a workflow."""
    resume_deep = RESUME.of(request)
    engine.executions.retry(request.path["workflowId"], resume_subworkflow_tasks=resume_deep)
    return no_content()


@routes.post(
    "/{workflowId}/resetcallbacks", "Make tasks that wait for a call-back due now", status=204
)
def reset_callbacks(request: Request, engine: Engine) -> Response:
    """Hand out again now what workers asked to get later."""
    engine.executions.reset_callbacks(request.path["workflowId"])
    return no_content()


@routes.delete(
    "/{workflowId}", "Terminate a workflow", parameters=(REASON, TRIGGER_FAILURE_WORKFLOW)
)
def terminate(request: Request, engine: Engine) -> Response:
    """Terminate a workflow and whatever is open in it."""
    engine.executions.terminate(request.path["workflowId"], REASON.of(request))
    return empty()


@routes.delete("/{workflowId}/remove", "Remove an ended workflow", parameters=(ARCHIVE,))
def remove(request: Request, engine: Engine) -> Response:
    """Forget a workflow; archive it unless told otherwise."""
    engine.executions.remove(request.path["workflowId"], archive=ARCHIVE.of(request))
    return empty()


@routes.delete(
    "/{workflowId}/terminate-remove",
    "Terminate a workflow and remove it",
    parameters=(REASON, ARCHIVE),
)
def terminate_and_remove(request: Request, engine: Engine) -> Response:
    """Terminate a workflow, then forget it."""
    archive = ARCHIVE.of(request)
    engine.executions.terminate(request.path["workflowId"], REASON.of(request))
    engine.executions.remove(request.path["workflowId"], archive=archive)
    return empty()
