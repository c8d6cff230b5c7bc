"""Administration: ``/api/admin``."""

import platform

from dalsegno import __version__
from dalsegno.models import JsonObject, Task
from dalsegno_functions import synchronous
from dalsegno_functions.http.event import MAX_BODY_BYTES
from dalsegno_functions.http.parameters import defaulted, whole
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.draft import MAX_PAYLOAD_BYTES
from dalsegno_state.engine import Engine
from dalsegno_state.tasks.set_variable import MAX_VARIABLES_BYTES

routes: Routes[Engine] = Routes("Admin", "/api/admin")

START = defaulted("start", whole(0), 0, "How many to leave out.")
COUNT = defaulted("count", whole(0, 5000), 100, "At most so many are shown.")


@routes.get(
    "/config",
    "Tell the server's version and limits",
    returns=JsonObject,
    example={
        "version": __version__,
        "pythonVersion": "3.13.1",
        "maxRequestBytes": 10485760,
        "maxPayloadBytes": 10485760,
        "maxVariablesBytes": 262144,
        "maxWaitSeconds": 28.0,
    },
)
def config(_request: Request, _engine: Engine) -> Response:
    """Answer with a map; nothing of the server's environment is in it."""
    return json(
        {
            "version": __version__,
            "pythonVersion": platform.python_version(),
            "maxRequestBytes": MAX_BODY_BYTES,
            "maxPayloadBytes": MAX_PAYLOAD_BYTES,
            "maxVariablesBytes": MAX_VARIABLES_BYTES,
            "maxWaitSeconds": synchronous.MAX_WAIT_SECONDS,
        }
    )


@routes.get(
    "/task/{tasktype}",
    "List the open tasks of a type",
    parameters=(START, COUNT),
    returns=list[Task],
)
def pending_tasks(request: Request, engine: Engine) -> Response:
    """Answer with a page of tasks, those first that have waited longest."""
    found = engine.administration.pending_tasks(
        request.path["tasktype"], start=START.of(request), count=COUNT.of(request)
    )
    return json(found.results)


@routes.post(
    "/sweep/requeue/{workflowId}",
    "Have the evaluator look at a workflow",
    returns=str,
)
def wake_later(request: Request, engine: Engine) -> Response:
    """Answer ``true`` and the id, or ``false`` and the id if the workflow has ended."""
    workflow_id = request.path["workflowId"]
    is_open = engine.administration.wake_later(workflow_id)
    return text(f"{_shown(is_open)}.{workflow_id}")


@routes.post(
    "/consistency/verifyAndRepair/{workflowId}",
    "Look at everything of a workflow now and mend what is missing",
    returns=str,
)
def repair(request: Request, engine: Engine) -> Response:
    """Answer ``true`` if something was amiss, else ``false``."""
    return text(_shown(engine.administration.repair(request.path["workflowId"])))


def _shown(is_so: bool) -> str:
    return "true" if is_so else "false"
