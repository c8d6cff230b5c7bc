"""Tasks: what workers report, and what others see of it, under ``/api/tasks``."""

from dalsegno.errors import NotFoundError
from dalsegno.models import (
    JsonObject,
    ReturnStrategy,
    Task,
    TaskExecLog,
    TaskIds,
    TaskResult,
    TaskResultStatus,
    TaskRun,
    TaskStatus,
    Workflow,
    WorkflowRun,
)
from dalsegno_functions import synchronous
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import TEXT, defaulted, optional, path, whole, word
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, no_content, text
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_state.engine import Engine
from dalsegno_state.reserved_names import poll_fault

routes: Routes[Engine] = Routes("Tasks", "/api/tasks")

RESULT = Body(TaskResult)
IDS = Body(TaskIds)
OUTPUT = Body(JsonObject, example={"receipt": "R-1"})

STATUS = path("status", word(TaskResultStatus), "What the task is to be.")
WORKER_ID = optional("workerid", TEXT, "Who reports.")
RETURN_STRATEGY = defaulted(
    "returnStrategy",
    word(ReturnStrategy),
    ReturnStrategy.TARGET_WORKFLOW,
    "The workflow, the one that holds the blocking task, or that task.",
)
TIMEOUT_MILLIS = defaulted("timeoutMillis", whole(0), 5000, "Milliseconds to wait; at most 28000.")


@routes.post("", "Report the result of a task", body=RESULT, returns=str)
def update(request: Request, engine: Engine) -> Response:
    """Store a result and answer with the task's id, also if the task had ended before."""
    result = RESULT.of(request)
    engine.tasks.update(result)
    return text(result.task_id)


@routes.post(
    "/update-v2",
    "Report the result of a task and get the next one",
    body=RESULT,
    returns=Task,
    or_nothing="The result is taken; there is no further task.",
)
def update_and_poll(request: Request, engine: Engine) -> Response:
    """Store a result; if it ends the task, answer with the worker's next one of that type."""
    result = RESULT.of(request)
    task = engine.tasks.update(result)
    if not task.status.is_terminal or poll_fault(task.task_type, task.domain) is not None:
        return no_content()
    following = engine.tasks.poll(
        task.task_type,
        worker_id=result.worker_id,
        domain=task.domain,
        count=1,
        wait_seconds=0,
        caller=request.caller,
    )
    return json(following[0]) if following else no_content()


@routes.post(
    "/waiting",
    "Get those of some tasks that wait for a worker, as polls would hand them out",
    body=IDS,
    returns=list[Task],
)
def waiting(request: Request, engine: Engine) -> Response:
    """Answer with attempts whose messages a worker has taken from SQS; nobody claims them."""
    return json(engine.tasks.waiting(IDS.of(request).task_ids))


@routes.post(
    "/{workflowId}/{taskRefName}/{status}",
    "Report the result of the pending task with a reference name",
    parameters=(STATUS, WORKER_ID),
    body=OUTPUT,
    returns=str,
)
def update_by_ref(request: Request, engine: Engine) -> Response:
    """Store a result and answer with the task's id, with nothing if no such task is pending."""
    return text(_update_by_ref(request, engine) or "")


@routes.post(
    "/{workflowId}/{taskRefName}/{status}/sync",
    "Report the result of the pending task with a reference name and get the workflow",
    parameters=(STATUS, WORKER_ID),
    body=OUTPUT,
    returns=Workflow,
)
def update_by_ref_sync(request: Request, engine: Engine) -> Response:
    """Store a result and answer with the workflow as it stands then."""
    workflow_id = request.path["workflowId"]
    if _update_by_ref(request, engine) is None:
        ref = request.path["taskRefName"]
        raise NotFoundError(f"Found no running task {ref} of workflow {workflow_id} to update")
    return json(engine.queries.workflow(workflow_id, include_tasks=True))


@routes.post(
    "/{workflowId}/{status}/signal",
    "End the first WAIT task of a workflow",
    parameters=(STATUS,),
    body=OUTPUT,
)
def signal(request: Request, engine: Engine) -> Response:
    """Signal a workflow; harmless if it waits for nothing."""
    _signal(request, engine)
    return empty()


@routes.post(
    "/{workflowId}/{status}/signal/sync",
    "End the first WAIT task of a workflow and wait until it has ended or stands still again",
    parameters=(STATUS, RETURN_STRATEGY, TIMEOUT_MILLIS),
    body=OUTPUT,
    returns=WorkflowRun | TaskRun,
    lane=Lane.WAIT,
)
def signal_sync(request: Request, engine: Engine) -> Response:
    """Signal a workflow, wait, and answer with what the return strategy asks for."""
    workflow_id = request.path["workflowId"]
    wait = synchronous.Wait(
        workflow_id=workflow_id,
        seconds=TIMEOUT_MILLIS.of(request) / 1000,
        strategy=RETURN_STRATEGY.of(request),
    )
    if _signal(request, engine) is None:
        raise NotFoundError(f"Found no blocked task in workflow {workflow_id} to signal")
    return json(synchronous.run(engine, wait, request.caller))


@routes.post("/{taskId}/log", "Add a line to the log of a task", text_body="The line, unquoted.")
def log(request: Request, engine: Engine) -> Response:
    """Keep a line; it comes as it is, whatever the content type says."""
    engine.tasks.log(request.path["taskId"], request.text())
    return empty()


@routes.get(
    "/{taskId}/log",
    "Get the log of a task",
    returns=list[TaskExecLog],
    or_nothing="The log is empty.",
)
def logs(request: Request, engine: Engine) -> Response:
    """Answer with the lines, oldest first."""
    lines = engine.tasks.logs(request.path["taskId"])
    return json(lines) if lines else no_content()


@routes.get("/{taskId}", "Get a task", returns=Task)
def task(request: Request, engine: Engine) -> Response:
    """Answer with one attempt of a task."""
    return json(engine.tasks.get(request.path["taskId"]))


def _update_by_ref(request: Request, engine: Engine) -> str | None:
    return engine.tasks.update_by_ref(
        request.path["workflowId"],
        request.path["taskRefName"],
        TaskStatus(STATUS.of(request)),
        OUTPUT.of(request),
        WORKER_ID.of(request),
    )


def _signal(request: Request, engine: Engine) -> str | None:
    status = TaskStatus(STATUS.of(request))
    return engine.tasks.signal(request.path["workflowId"], status, OUTPUT.of(request))
