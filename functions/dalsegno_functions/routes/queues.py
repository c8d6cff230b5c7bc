"""Queues of tasks: how long they are and who polls them, under ``/api/tasks/queue``."""

from dalsegno.models import PollData, TaskDef
from dalsegno_functions.http.parameters import TEXT, optional, repeated, required, without_effect
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.worker_queue import queue_name

routes: Routes[Engine] = Routes("Queues", "/api/tasks/queue")

TASK_TYPES = repeated("taskType", TEXT, "May be given several times.", at_least=1)
TASK_TYPE = required("taskType", TEXT, "Name of the task definition.")
POLL_FILTERS = tuple(
    without_effect(f"{field}{part}", "the last poll of every worker is told.")
    for field in ("worker", "queue", "lastPollTime")
    for part in ("Size", "Opt")
)
DOMAIN = optional("domain", TEXT, "Of the queue; none unless given.")
ISOLATION_GROUP = optional("isolationGroupId", TEXT, "As the task definition says.")
EXECUTION_NAMESPACE = optional("executionNamespace", TEXT, "As the task definition says.")

# Conductor's queues are sharded, and its answer names the shards; here there is but one.
_SHARD = "a"


@routes.get(
    "/sizes",
    "Tell how many tasks of each type wait",
    parameters=(TASK_TYPES,),
    returns=dict[str, int],
    example={"charge": 3, "ship": 0},
)
def sizes(request: Request, engine: Engine) -> Response:
    """Answer with a map from task types to sizes."""
    names = list(TASK_TYPES.of(request))
    found = engine.tasks.queue_sizes(names)
    return json({name: found[name].size if name in found else 0 for name in names})


@routes.get(
    "/size",
    "Tell how many tasks of a type wait",
    parameters=(TASK_TYPE, DOMAIN, ISOLATION_GROUP, EXECUTION_NAMESPACE),
    returns=int,
    example=3,
)
def size(request: Request, engine: Engine) -> Response:
    """Answer with a number."""
    task_type, domain = TASK_TYPE.of(request), DOMAIN.of(request)
    aside = TaskDef(
        name=task_type,
        isolation_group_id=ISOLATION_GROUP.of(request),
        execution_name_space=EXECUTION_NAMESPACE.of(request),
    )
    name = queue_name(task_type, domain, aside)
    found = engine.tasks.queue_sizes([name]).get(name)
    return json(found.size if found else 0)


@routes.get(
    "/all",
    "Tell the size of every queue",
    returns=dict[str, int],
    example={"charge": 3, "eu:charge": 1},
)
def all_sizes(_request: Request, engine: Engine) -> Response:
    """Answer with a map from queues to sizes."""
    found = engine.tasks.queue_sizes(None)
    return json({name: found[name].size for name in sorted(found)})


@routes.get(
    "/all/verbose",
    "Tell the size of every queue, and how many of its tasks are in workers' hands",
    returns=dict[str, dict[str, dict[str, int]]],
    example={"charge": {"a": {"size": 3, "uacked": 1}}},
)
def all_verbose(_request: Request, engine: Engine) -> Response:
    """Answer with a map from queues to shards to numbers."""
    found = engine.tasks.queue_sizes(None)
    return json(
        {
            name: {_SHARD: {"size": found[name].size, "uacked": found[name].unacknowledged}}
            for name in sorted(found)
        }
    )


@routes.get(
    "/polldata",
    "Tell who polled for a task type last",
    parameters=(TASK_TYPE,),
    returns=list[PollData],
)
def poll_data(request: Request, engine: Engine) -> Response:
    """Answer with the last polls of a task type."""
    return json(engine.tasks.poll_data(TASK_TYPE.of(request)))


@routes.get(
    "/polldata/all",
    "Tell who polled for any task type last",
    parameters=POLL_FILTERS,
    returns=list[PollData],
)
def all_poll_data(_request: Request, engine: Engine) -> Response:
    """Answer with the last polls of every task type."""
    return json(engine.tasks.poll_data(None))


@routes.post("/requeue/{taskType}", "Send the pending tasks of a type again", returns=str)
def requeue(request: Request, engine: Engine) -> Response:
    """Announce the tasks that wait for a worker once more and answer with how many."""
    return text(str(engine.administration.requeue(request.path["taskType"])))
