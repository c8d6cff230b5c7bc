"""Executions: changing them while they run, under ``/api/workflow``."""

from uuid import uuid4

from dalsegno.errors import InvalidRequestError
from dalsegno.models import (
    JsonObject,
    ReturnStrategy,
    UpgradeWorkflowRequest,
    Workflow,
    WorkflowRun,
    WorkflowStateUpdate,
    WorkflowTestRequest,
)
from dalsegno_functions import synchronous
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import TEXT, optional
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_functions.routes.starting import (
    REQUEST_ID,
    WAIT,
    WAIT_FOR_SECONDS,
    WAIT_UNTIL_TASK_REF,
)
from dalsegno_functions.routes.workflow_execute import names_in
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Workflow", "/api/workflow")

VARIABLES = Body(JsonObject, example={"approved": True, "limit": 500})
STATE = Body(WorkflowStateUpdate)
UPGRADE = Body(UpgradeWorkflowRequest)
TASK_INPUT = Body(JsonObject, default=dict, example={"reason": "checked by hand"})
TEST = Body(WorkflowTestRequest)

# Conductor's Python SDK leaves the variable in the path as it is, and sends its value here.
TASK_REFERENCE_NAME = optional("taskReferenceName", TEXT, "Beats the one in the path.")


@routes.post(
    "/{workflowId}/variables",
    "Merge values into a workflow's variables",
    body=VARIABLES,
    returns=Workflow,
)
def update_variables(request: Request, engine: Engine) -> Response:
    """Change variables and answer with the workflow."""
    workflow_id = request.path["workflowId"]
    engine.alterations.update_variables(workflow_id, VARIABLES.of(request))
    return json(engine.queries.workflow(workflow_id, include_tasks=True))


@routes.post(
    "/{workflowId}/state",
    "Change variables and report on a task, then wait until the workflow ends or stands still",
    parameters=WAIT,
    body=STATE,
    returns=WorkflowRun,
    lane=Lane.WAIT,
)
def update_state(request: Request, engine: Engine) -> Response:
    """Change a workflow, wait, and answer with it."""
    workflow_id, asked = request.path["workflowId"], STATE.of(request)
    wait = synchronous.Wait(
        workflow_id=workflow_id,
        refs=names_in(WAIT_UNTIL_TASK_REF.of(request)),
        seconds=WAIT_FOR_SECONDS.of(request) or 10,
        strategy=ReturnStrategy.TARGET_WORKFLOW,
        request_id=REQUEST_ID.of(request) or str(uuid4()),
    )
    _change_state(engine, workflow_id, asked)
    return json(synchronous.run(engine, wait, request.caller))


@routes.post(
    "/{workflowId}/upgrade",
    "Let a workflow go on by another version of its definition",
    body=UPGRADE,
)
def upgrade(request: Request, engine: Engine) -> Response:
    """Upgrade a workflow."""
    engine.alterations.upgrade(request.path["workflowId"], UPGRADE.of(request))
    return empty()


@routes.post(
    "/{workflowId}/jump/{taskReferenceName}",
    "Let a running workflow go on at another task",
    parameters=(TASK_REFERENCE_NAME,),
    body=TASK_INPUT,
)
def jump(request: Request, engine: Engine) -> Response:
    """Skip what lies before a task, or forget what came behind it, and do it."""
    ref = TASK_REFERENCE_NAME.of(request) or request.path["taskReferenceName"]
    engine.alterations.jump(request.path["workflowId"], ref, TASK_INPUT.of(request))
    return empty()


@routes.post(
    "/test",
    "Run a workflow with prepared results in place of workers",
    body=TEST,
    returns=Workflow,
    lane=Lane.WAIT,
)
def test(request: Request, engine: Engine) -> Response:
    """Run a workflow as far as its mocks go and answer with it."""
    workflow_id = engine.mocked_runs.run(TEST.of(request))
    return json(engine.queries.workflow(workflow_id, include_tasks=True))


def _change_state(engine: Engine, workflow_id: str, asked: WorkflowStateUpdate) -> None:
    """Change a workflow, or refuse to before anything is changed."""
    ref, result = asked.task_reference_name, asked.task_result
    if (ref is None) != (result is None):
        missing = "taskReferenceName" if ref is None else "taskResult"
        raise InvalidRequestError(f"{missing} is required: it goes together with the other")
    if ref is not None:
        engine.tasks.open_named(workflow_id, ref)
    if asked.variables:
        engine.alterations.update_variables(workflow_id, asked.variables)
    if ref is not None and result is not None:
        engine.tasks.update_named(workflow_id, ref, result)
    elif not asked.variables:
        engine.executions.decide(workflow_id)
