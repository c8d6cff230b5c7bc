"""Executions by the hundred: ``/api/workflow/bulk``."""

from collections.abc import Callable

from dalsegno.errors import ConductorError, InvalidRequestError
from dalsegno.models import BulkResponse, Workflow
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import FLAG, TEXT, defaulted, optional
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json
from dalsegno_functions.http.routes import Routes
from dalsegno_functions.routes.workflow import TRIGGER_FAILURE_WORKFLOW
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Workflow bulk", "/api/workflow/bulk")

MAX_IDS = 1000

IDS = Body(
    list[str],
    example=["0190f000-0000-7000-8000-000000000001", "0190f000-0000-7000-8000-000000000002"],
)

LATEST = defaulted("useLatestDefinitions", FLAG, False, "Else those they had.")
REASON = optional("reason", TEXT, "Is shown as reasonForIncompletion.")
ARCHIVE = defaulted("archiveWorkflow", FLAG, True, "Keep a copy, if there is an archive.")
INCLUDE_TASKS = defaulted("includeTasks", FLAG, True, "Show the tasks of each.")


@routes.put("/pause", "Pause workflows", body=IDS, returns=BulkResponse)
def pause(request: Request, engine: Engine) -> Response:
    """Pause each workflow."""
    return json(_each(_ids(request), engine.executions.pause))


@routes.put("/resume", "Resume paused workflows", body=IDS, returns=BulkResponse)
def resume(request: Request, engine: Engine) -> Response:
    """Resume each workflow."""
    return json(_each(_ids(request), engine.executions.resume))


@routes.post(
    "/restart", "Restart ended workflows", parameters=(LATEST,), body=IDS, returns=BulkResponse
)
def restart(request: Request, engine: Engine) -> Response:
    """Restart each workflow."""
    latest = LATEST.of(request)

    def restart_one(workflow_id: str) -> None:
        engine.executions.restart(workflow_id, use_latest_definitions=latest)

    return json(_each(_ids(request), restart_one))


@routes.post("/retry", "Retry ended workflows", body=IDS, returns=BulkResponse)
def retry(request: Request, engine: Engine) -> Response:
    """Retry each workflow."""

    def retry_one(workflow_id: str) -> None:
        engine.executions.retry(workflow_id, resume_subworkflow_tasks=False)

    return json(_each(_ids(request), retry_one))


@routes.post(
    "/terminate",
    "Terminate workflows",
    parameters=(REASON, TRIGGER_FAILURE_WORKFLOW),
    body=IDS,
    returns=BulkResponse,
)
def terminate(request: Request, engine: Engine) -> Response:
    """Terminate each workflow."""
    reason = REASON.of(request)
    return json(_each(_ids(request), lambda each: engine.executions.terminate(each, reason)))


@routes.post(
    "/delete", "Remove ended workflows", parameters=(ARCHIVE,), body=IDS, returns=BulkResponse
)
@routes.delete(
    "/delete", "Remove ended workflows", parameters=(ARCHIVE,), body=IDS, returns=BulkResponse
)
@routes.delete(
    "/remove", "Remove ended workflows", parameters=(ARCHIVE,), body=IDS, returns=BulkResponse
)
def remove(request: Request, engine: Engine) -> Response:
    """Remove each workflow."""
    archive = ARCHIVE.of(request)
    return json(_each(_ids(request), lambda each: engine.executions.remove(each, archive=archive)))


@routes.delete(
    "/terminate-remove",
    "Terminate workflows and remove them",
    parameters=(REASON, ARCHIVE),
    body=IDS,
    returns=BulkResponse,
)
def terminate_and_remove(request: Request, engine: Engine) -> Response:
    """Terminate each workflow, then remove it."""
    archive, reason = ARCHIVE.of(request), REASON.of(request)

    def end_one(workflow_id: str) -> None:
        engine.executions.terminate(workflow_id, reason)
        engine.executions.remove(workflow_id, archive=archive)

    return json(_each(_ids(request), end_one))


@routes.post(
    "/search",
    "Get workflows by their ids",
    parameters=(INCLUDE_TASKS,),
    body=IDS,
    returns=dict[str, dict[str, str] | list[Workflow] | str],
)
def search(request: Request, engine: Engine) -> Response:
    """Answer with those workflows that exist, and an error for each other id."""
    include_tasks = INCLUDE_TASKS.of(request)
    found: list[Workflow] = []

    def find_one(workflow_id: str) -> None:
        found.append(engine.queries.workflow(workflow_id, include_tasks=include_tasks))

    outcome = _each(_ids(request), find_one)
    answer: dict[str, object] = {
        "bulkErrorResults": outcome.bulk_error_results,
        "bulkSuccessfulResults": found,
        "message": outcome.message,
    }
    return json(answer)


def _ids(request: Request) -> list[str]:
    ids = IDS.of(request)
    if not ids:
        raise InvalidRequestError("WorkflowIds list cannot be null.")
    if len(ids) > MAX_IDS:
        raise InvalidRequestError(
            f"Cannot process more than {MAX_IDS} workflows. Please use multiple requests."
        )
    return ids


def _each(ids: list[str], act: Callable[[str], object]) -> BulkResponse:
    """Act on each id by itself, and tell what became of it."""
    failed: dict[str, str] = {}
    succeeded: list[str] = []
    for workflow_id in ids:
        try:
            act(workflow_id)
            succeeded.append(workflow_id)
        except ConductorError as error:
            failed[workflow_id] = str(error)
    return BulkResponse(bulk_error_results=failed, bulk_successful_results=succeeded)
