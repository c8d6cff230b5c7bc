"""Workers asking for work: ``/api/tasks/poll``."""

from dalsegno.errors import InvalidRequestError
from dalsegno.models import Task
from dalsegno_functions.http.parameters import TEXT, defaulted, optional, whole
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, no_content
from dalsegno_functions.http.routes import Lane, Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Tasks", "/api/tasks/poll")

MAX_TIMEOUT_MILLIS = 5000
MAX_COUNT = 1000

# Conductor waits this long for a single task, too.
_SINGLE_POLL_WAIT_SECONDS = 0.1

WORKER_ID = optional("workerid", TEXT, "Who polls.")
DOMAIN = optional("domain", TEXT, "Only tasks of this domain; of none unless given.")
COUNT = defaulted("count", whole(0), 1, f"At most {MAX_COUNT} are handed out at once.")
TIMEOUT_MILLIS = defaulted(
    "timeout", whole(0), 100, "Milliseconds to wait if there is no work; at most 5000."
)


@routes.get(
    "/{tasktype}",
    "Poll for a task",
    parameters=(WORKER_ID, DOMAIN),
    returns=Task,
    or_nothing="There is no task.",
    lane=Lane.POLL,
)
def poll(request: Request, engine: Engine) -> Response:
    """Answer with a task that now is the worker's."""
    tasks = engine.tasks.poll(
        request.path["tasktype"],
        worker_id=WORKER_ID.of(request),
        domain=DOMAIN.of(request),
        count=1,
        wait_seconds=_SINGLE_POLL_WAIT_SECONDS,
        caller=request.caller,
    )
    return json(tasks[0]) if tasks else no_content()


@routes.get(
    "/batch/{tasktype}",
    "Poll for tasks; an empty list if there are none",
    parameters=(WORKER_ID, DOMAIN, COUNT, TIMEOUT_MILLIS),
    returns=list[Task],
    lane=Lane.POLL,
)
def poll_batch(request: Request, engine: Engine) -> Response:
    """Answer with tasks that now are the worker's."""
    timeout_millis = TIMEOUT_MILLIS.of(request)
    if timeout_millis > MAX_TIMEOUT_MILLIS:
        raise InvalidRequestError("Long Poll Timeout value cannot be more than 5 seconds")
    tasks = engine.tasks.poll(
        request.path["tasktype"],
        worker_id=WORKER_ID.of(request),
        domain=DOMAIN.of(request),
        count=min(COUNT.of(request), MAX_COUNT),
        wait_seconds=timeout_millis / 1000,
        caller=request.caller,
    )
    return json(tasks)
