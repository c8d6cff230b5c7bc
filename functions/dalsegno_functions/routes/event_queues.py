"""Queues of events, and tasks that are ended as if by a message: ``/api/queue``."""

from typing import Final, cast

from pydantic_core import to_json

from dalsegno.errors import InvalidRequestError, NotFoundError
from dalsegno.models import (
    JsonObject,
    JsonValue,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import FLAG, defaulted
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import EVENTS_QUEUE, Engine

routes: Routes[Engine] = Routes("Events", "/api")

PAYLOAD: Body[JsonObject] = Body(
    cast("type[JsonObject]", JsonObject), default=dict, example={"receipt": "R-1"}
)
VERBOSE = defaulted("verbose", FLAG, False, "Tell the size of each queue too.")

# Nothing ever lies in them: what is sent there is done at once.
_LISTENER: Final = {
    status.value: f"conductor:{status.value}"
    for status in (TaskStatus.COMPLETED, TaskStatus.FAILED)
}


@routes.get(
    "/admin/queues",
    "Tell in which queue events wait that have an active handler",
    parameters=(VERBOSE,),
    returns=dict[str, JsonValue],
    example={"payments": EVENTS_QUEUE},
)
def event_queues(request: Request, engine: Engine) -> Response:
    """Answer with a map from events to queues, or to maps from queues to sizes."""
    events = sorted({each.event for each in engine.event_handlers.all() if each.active})
    if not VERBOSE.of(request):
        return json(dict.fromkeys(events, EVENTS_QUEUE))
    size = engine.tasks.queue_sizes([EVENTS_QUEUE])[EVENTS_QUEUE].size
    return json({event: {EVENTS_QUEUE: size} for event in events})


@routes.get(
    "/queue",
    "Tell which queues end tasks, by status",
    returns=dict[str, str],
    example={**_LISTENER},
)
def listener_queues(_request: Request, _engine: Engine) -> Response:
    """Answer with a map from statuses to queues."""
    return json(_LISTENER)


@routes.get(
    "/queue/size",
    "Tell how long the queues are that end tasks",
    returns=dict[str, int],
    example={"conductor:COMPLETED": 0, "conductor:FAILED": 0},
)
def listener_sizes(_request: Request, _engine: Engine) -> Response:
    """Answer with a map from queues to sizes."""
    return json(dict.fromkeys(_LISTENER.values(), 0))


@routes.post(
    "/queue/update/{workflowId}/{taskRefName}/{status}",
    "End the open task with a reference name",
    body=PAYLOAD,
)
def update_by_ref(request: Request, engine: Engine) -> Response:
    """Add the body to the task's output, and end it."""
    workflow_id, ref = request.path["workflowId"], request.path["taskRefName"]
    status = _status(request)
    output = _output(request, "taskRefName")
    engine.queries.view(workflow_id)
    if engine.tasks.update_by_ref(workflow_id, ref, status, output, None) is None:
        raise NotFoundError(f"Found no open task {ref} of workflow {workflow_id} to update")
    return empty()


@routes.post(
    "/queue/update/{workflowId}/task/{taskId}/{status}", "End a task by its id", body=PAYLOAD
)
def update_by_id(request: Request, engine: Engine) -> Response:
    """Add the body to the task's output, and end it; one that has ended stays as it is."""
    status = _status(request)
    output = _output(request, "taskId")
    task = engine.tasks.get(request.path["taskId"])
    engine.tasks.update(
        TaskResult(
            workflow_instance_id=request.path["workflowId"],
            task_id=task.task_id,
            status=TaskResultStatus(status.value),
            output_data={**task.output_data, **output},
        )
    )
    return empty()


def _status(request: Request) -> TaskStatus:
    status = request.path["status"]
    if status not in _LISTENER:
        raise InvalidRequestError(f"There is no queue for handling {status[:100]} status")
    return TaskStatus(status)


def _output(request: Request, named_by: str) -> JsonObject:
    """Return what Conductor's message would hold: the body, and which task it is for."""
    external_id = {"workflowId": request.path["workflowId"], named_by: request.path[named_by]}
    return {"externalId": to_json(external_id).decode(), **PAYLOAD.of(request)}
