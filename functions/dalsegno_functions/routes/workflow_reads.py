"""Executions: reading them, under ``/api/workflow``."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    CorrelationIdsRequest,
    SearchResult,
    Task,
    TaskStatus,
    Workflow,
    WorkflowStatus,
    WorkflowStatusResponse,
    WorkflowSummary,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import (
    EPOCH_MILLIS,
    FLAG,
    Kind,
    defaulted,
    optional,
    repeated,
    whole,
    without_effect,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.ports import WorkflowQuery

routes: Routes[Engine] = Routes("Workflow", "/api/workflow")

MAX_PAGE = 5000
MAX_IDS = 1000  # as of the bulk operations

CORRELATION_IDS = Body(list[str], example=["customer-7", "customer-8"])
CORRELATED = Body(CorrelationIdsRequest)

INCLUDE_TASKS = defaulted("includeTasks", FLAG, True, "Show the tasks too.")
SUMMARIZE = without_effect("summarize", "inputs and outputs are complete.")
INCLUDE_OUTPUT = defaulted("includeOutput", FLAG, False, "Show the output too.")
INCLUDE_VARIABLES = defaulted("includeVariables", FLAG, False, "Show the variables too.")
INCLUDE_CLOSED = defaulted("includeClosed", FLAG, False, "Those not running, too.")
WITH_TASKS = defaulted("includeTasks", FLAG, False, "Show the tasks of each.")
TASK_STATUS = repeated(
    "status",
    Kind(lambda text: TaskStatus(text.upper()), {"type": "string", "enum": list(TaskStatus)}),
    "Only tasks of this status; of any status unless given.",
)
START = defaulted("start", whole(0), 0, "How many to leave out.")
COUNT = defaulted("count", whole(0), 15, "At most so many are shown.")
RUNNING_VERSION = defaulted("version", whole(), 1, "Of the definition.")
WINDOW_START = optional("startTime", EPOCH_MILLIS, "Epoch milliseconds; counts with endTime only.")
WINDOW_END = optional("endTime", EPOCH_MILLIS, "Epoch milliseconds.")


@routes.get(
    "/running/{name}",
    "List ids of running workflows, or of all that were started in a window of time",
    parameters=(RUNNING_VERSION, WINDOW_START, WINDOW_END),
    returns=list[str],
    example=["0190f000-0000-7000-8000-000000000001"],
)
def running(request: Request, engine: Engine) -> Response:
    """Answer with ids."""
    query = WorkflowQuery(names=(request.path["name"],), versions=(RUNNING_VERSION.of(request),))
    after, before = WINDOW_START.of(request), WINDOW_END.of(request)
    if after and before:
        query = replace(query, started_after=after - 1, started_before=before + 1)
    else:
        query = replace(query, statuses=(WorkflowStatus.RUNNING,))
    return json([summary.workflow_id for summary in _all_summaries(engine, query)])


@routes.get(
    "/{name}/correlated/{correlationId}",
    "List the workflows of a name with a correlation id",
    parameters=(INCLUDE_CLOSED, WITH_TASKS),
    returns=list[Workflow],
)
def correlated(request: Request, engine: Engine) -> Response:
    """Answer with workflows."""
    names = (request.path["name"],)
    return json(_correlated(request, engine, names, request.path["correlationId"]))


@routes.post(
    "/{name}/correlated",
    "List the workflows of a name for each of several correlation ids",
    parameters=(INCLUDE_CLOSED, WITH_TASKS),
    body=CORRELATION_IDS,
    returns=dict[str, list[Workflow]],
)
def correlated_each(request: Request, engine: Engine) -> Response:
    """Answer with a map from correlation ids to workflows."""
    names = (request.path["name"],)
    ids = CORRELATION_IDS.of(request)
    _check_count("correlation ids", ids)
    return json({each: _correlated(request, engine, names, each) for each in ids})


@routes.post(
    "/correlated/batch",
    "List the workflows of several names for each of several correlation ids",
    parameters=(INCLUDE_CLOSED, WITH_TASKS),
    body=CORRELATED,
    returns=dict[str, list[Workflow]],
)
def correlated_batch(request: Request, engine: Engine) -> Response:
    """Answer with a map from correlation ids to workflows."""
    asked = CORRELATED.of(request)
    _check_count("correlationIds", asked.correlation_ids)
    _check_count("workflowNames", asked.workflow_names)
    names = tuple(asked.workflow_names) or None
    return json({each: _correlated(request, engine, names, each) for each in asked.correlation_ids})


@routes.get(
    "/{workflowId}", "Get a workflow", parameters=(INCLUDE_TASKS, SUMMARIZE), returns=Workflow
)
def workflow(request: Request, engine: Engine) -> Response:
    """Answer with a workflow."""
    include_tasks = INCLUDE_TASKS.of(request)
    return json(engine.queries.workflow(request.path["workflowId"], include_tasks=include_tasks))


@routes.get(
    "/{workflowId}/status",
    "Get the status of a workflow",
    parameters=(INCLUDE_OUTPUT, INCLUDE_VARIABLES),
    returns=WorkflowStatusResponse,
)
def status(request: Request, engine: Engine) -> Response:
    """Answer with the status; output and variables only if asked for."""
    include_output = INCLUDE_OUTPUT.of(request)
    found = engine.queries.status(request.path["workflowId"], include_output=include_output)
    answer = WorkflowStatusResponse.model_construct(
        workflow_id=found.workflow_id,
        correlation_id=found.correlation_id,
        output=found.output if include_output else None,
        variables=found.variables if INCLUDE_VARIABLES.of(request) else None,
        status=found.status,
    )
    return json(answer)


@routes.get(
    "/{workflowId}/tasks",
    "List the tasks of a workflow",
    parameters=(START, COUNT, TASK_STATUS),
    returns=SearchResult[Task],
)
def tasks(request: Request, engine: Engine) -> Response:
    """Answer with a page of tasks."""
    page = engine.queries.tasks(
        request.path["workflowId"],
        start=START.of(request),
        count=COUNT.of(request),
        statuses=frozenset(status.value for status in TASK_STATUS.of(request)),
    )
    return json(page)


def _all_summaries(engine: Engine, query: WorkflowQuery) -> Iterator[WorkflowSummary]:
    start = 0
    while True:
        page = engine.queries.search(replace(query, start=start, size=MAX_PAGE))
        yield from page.results
        start += MAX_PAGE
        if start >= page.total_hits:
            return


def _check_count(what: str, values: Sequence[str]) -> None:
    if len(values) > MAX_IDS:
        raise InvalidRequestError(f"{what}: at most {MAX_IDS} can be asked for at once")


def _correlated(
    request: Request, engine: Engine, names: tuple[str, ...] | None, correlation_id: str
) -> list[Workflow]:
    query = WorkflowQuery(
        names=names,
        correlation_ids=(correlation_id,),
        statuses=None if INCLUDE_CLOSED.of(request) else (WorkflowStatus.RUNNING,),
    )
    include_tasks = WITH_TASKS.of(request)
    return [
        engine.queries.workflow(summary.workflow_id, include_tasks=include_tasks)
        for summary in _all_summaries(engine, query)
    ]
