"""Every operation of the API can be reached by a client, with the parameters that it takes."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs

import pytest

from dalsegno.client import Dalsegno
from dalsegno.client.call import Call
from dalsegno.client.listing import Pages, listing
from dalsegno.client.operation import Group, operation
from dalsegno.client.starting import run_call, start_call
from dalsegno.models import (
    EventHandler,
    RateLimitConfig,
    SchemaDef,
    SchemaType,
    StartWorkflowRequest,
    Tag,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    WorkflowDef,
    WorkflowSchedule,
    WorkflowTestRequest,
)
from dalsegno_functions.api import OPERATIONS
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.routes import Route
from dalsegno_state.engine import Engine

# Old spellings and those of other SDKs, with what does the same; and what is for no client.
NOT_REACHED: Final = {
    "POST /api/workflow/{name}": "start",
    "POST /api/workflow/start/{name}/{version}": "start",
    "POST /api/workflow/execute/{name}": "run",
    "GET /api/workflow/execute/{name}": "run",
    "GET /api/workflow/{name}/correlated/{correlationId}": "executions.correlated",
    "POST /api/workflow/{name}/correlated": "executions.correlated",
    "DELETE /api/workflow/bulk/delete": "executions.remove",
    "POST /api/workflow/bulk/delete": "executions.remove",
    "GET /api/tasks/poll/{tasktype}": "tasks.poll",
    "POST /api/tasks/{workflowId}/{taskRefName}/{status}/sync": "complete_task, then get",
    "POST /api/queue/update/{workflowId}/{taskRefName}/{status}": "complete_task",
    "POST /api/queue/update/{workflowId}/task/{taskId}/{status}": "tasks.update",
    "GET /api/queue": "Conductor's queues that end tasks: here nothing ever lies in them",
    "GET /api/queue/size": "as GET /api/queue",
    "GET /api/metadata/tags/workflow/{name}": "definitions.workflows.tags",
    "POST /api/metadata/tags/workflow/{name}": "definitions.workflows.add_tags",
    "DELETE /api/metadata/tags/workflow/{name}": "definitions.workflows.delete_tags",
    "GET /api/workflow/externalstoragelocation": "payloads.location",
    "GET /api/tasks/externalstoragelocation": "payloads.location",
    "POST /api/secrets": "secrets.names",
    "GET /api/secrets/v2": "secrets.names_with_tags",
    "GET /api/scheduler/schedules/{name}/pause": "schedules.pause",
    "GET /api/scheduler/schedules/{name}/resume": "schedules.resume",
    "GET /api/event/handler": "event_handlers.all",
    "GET /health": "service.health",
    "POST /webhook/{webhookId}": "for others, who have no client",
    "POST /api/token": "KeyAuth",
    "PUT /api/files/content/{workflowId}/{fileId}": "files.upload, where the server says",
    "GET /api/files/content/{workflowId}/{fileId}": "files.download, where the server says",
}

_SAMPLES: Final[dict[str, Any]] = {
    "content_type": "text/plain",
    "cron_expression": "0 0 * * * *",
    "definition": WorkflowDef(name="order"),
    "handler": EventHandler(name="paid"),
    "handlers": EventHandler(name="paid"),
    "limit": 5,
    "operation": "WRITE",
    "payload_type": "TASK_INPUT",
    "request": WorkflowTestRequest(name="order"),
    "result": TaskResult(workflow_instance_id="w", task_id="t", status=TaskResultStatus.FAILED),
    "schedule": WorkflowSchedule(
        name="nightly", start_workflow_request=StartWorkflowRequest(name="order")
    ),
    "schemas": SchemaDef(name="order", type=SchemaType.JSON),
    "status": TaskResultStatus.COMPLETED,
    "statuses": [TaskStatus.FAILED],
    "tags": Tag(key="team", value="till"),
    "version": 3,
    "part_number": 1,
    "wait_seconds": 1,
    "start": 7,
    "end": 9,
    "size": 5,
    "count": 5,
    "end_time": 9,
    "start_time": 7,
}
_OF_ONE_GROUP: Final = {
    ("put_rate_limit", "limit"): RateLimitConfig(rate_limit_key="k", concurrent_exec_limit=3),
    ("put_all", "definitions"): [WorkflowDef(name="order")],
    ("put", "definitions"): TaskDef(name="charge"),
    ("update", "definition"): TaskDef(name="charge"),
}


@dataclass(frozen=True)
class Made:
    """A call that some method of a client makes."""

    name: str
    call: Call[Any]


def _groups(client: Dalsegno) -> Iterator[Group]:
    for group in [client.execution("w"), *vars(client).values()]:
        if isinstance(group, Group):
            yield group
            yield from (each for each in vars(group).values() if isinstance(each, Group))


def _sample(method: str, parameter: inspect.Parameter) -> Any:
    known = _OF_ONE_GROUP.get((method, parameter.name), _SAMPLES.get(parameter.name))
    if known is not None:
        return known
    described = str(parameter.annotation)
    if "bool" in described:
        return True
    if "Sequence[str]" in described:
        return ["a", "b"]
    return {"a": 1} if "BaseModel" in described else "x"  # what a Payload is, among others


def _call(made: Call[Any] | Pages[Any]) -> Call[Any]:
    return made if isinstance(made, Call) else made(0)


def _made_by(group: Group) -> Iterator[Made]:
    for name, member in inspect.getmembers(type(group)):
        if not isinstance(member, operation | listing):
            continue
        _, *parameters = inspect.signature(member._build).parameters.values()
        samples = {each: _sample(name, each) for each in parameters}
        positional = [samples[each] for each in parameters if each.kind is not each.KEYWORD_ONLY]
        named = {each.name: samples[each] for each in parameters if each.kind is each.KEYWORD_ONLY}
        yield Made(
            f"{type(group).__name__}.{name}", _call(member._build(group, *positional, **named))
        )
        if name in {"location", "sizes", "polls", "get", "delete"}:  # other paths by arguments
            needed = [samples[each] for each in parameters if each.default is each.empty]
            few = [] if name == "sizes" else needed
            few = ["WRITE", "WORKFLOW_INPUT"] if name == "location" else few
            yield Made(f"{type(group).__name__}.{name}", _call(member._build(group, *few)))


def _all_made() -> list[Made]:
    request = StartWorkflowRequest(name="order", version=3)
    started = [Made("start", start_call(request)), Made("run", run_call(request, None))]
    with Dalsegno("http://127.0.0.1:9") as client:
        return started + [made for group in _groups(client) for made in _made_by(group)]


MADE: Final = _all_made()


def _route_of(call: Call[Any]) -> Route[Engine]:
    """Return the route that answers a call: a literal segment beats a variable one."""
    path = "/api" + call.path
    fits = [
        route
        for route in OPERATIONS
        if route.method == call.method
        and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route.path), path)
    ]
    assert fits, f"nothing answers {call}"
    return min(fits, key=lambda route: [part.startswith("{") for part in route.path.split("/")])


def test_every_operation_is_reached_or_there_is_a_reason() -> None:
    reached = {_named(_route_of(made.call)) for made in MADE}

    everything = {_named(route) for route in OPERATIONS}
    assert reached | NOT_REACHED.keys() == everything
    assert not reached & NOT_REACHED.keys()


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.name)
def test_call_sends_what_its_operation_takes(made: Made) -> None:
    call = made.call
    route = _route_of(call)
    query = parse_qs(call.target.partition("?")[2], keep_blank_values=True)
    request = Request(call.method, _variables(route, call), query, (call.body or b"").decode())

    assert query.keys() <= {parameter.name for parameter in route.parameters}
    for parameter in route.parameters:
        parameter.of(request)
    if route.body is not None:
        route.body.of(request)
    assert (call.body is not None) == (route.body is not None or bool(route.text_body))


def _named(route: Route[Engine]) -> str:
    return f"{route.method} {route.path}"


def _variables(route: Route[Engine], call: Call[Any]) -> dict[str, str]:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.path)
    found = re.fullmatch(pattern, "/api" + call.path)
    assert found is not None
    return found.groupdict()
