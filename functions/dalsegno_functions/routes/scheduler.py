"""Schedules: ``/api/scheduler``."""

from collections.abc import Callable

from dalsegno.errors import ConductorError, InvalidRequestError
from dalsegno.models import (
    BulkResponse,
    CronSchedule,
    SearchResult,
    Tag,
    WorkflowSchedule,
    WorkflowScheduleExecution,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import (
    EPOCH_MILLIS,
    FLAG,
    TEXT,
    defaulted,
    optional,
    required,
    whole,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.schedule_search import Page, ScheduleQuery, execution_query

routes: Routes[Engine] = Routes("Scheduler", "/api/scheduler")

MAX_PAGE = 5000
MAX_NAMES = 1000

SCHEDULE = Body(WorkflowSchedule)
NAMES = Body(list[str], example=["nightly", "hourly"])
TAGS = Body(list[Tag])

WORKFLOW_NAME = optional("workflowName", TEXT, "Only those that start this workflow.")
NAME_PART = optional("scheduleName", TEXT, "What the name contains.")
PAUSED = optional("paused", FLAG, "Only those that are, or only those that are not.")
REASON = optional("reason", TEXT, "Is shown as pausedReason.")
FREE_TEXT = optional("freeText", TEXT, "What is contained anywhere; * for all.")
START = defaulted("start", whole(0), 0, "How many to leave out.")
SIZE = defaulted("size", whole(0, MAX_PAGE), 100, "At most so many are shown.")
SORT = optional("sort", TEXT, "Such as scheduledTime:DESC; several joined by commas.")
QUERY = optional("query", TEXT, "Such as: scheduleName IN (nightly) AND state = FAILED")
CRON = required("cronExpression", TEXT, "second minute hour day-of-month month day-of-week")
ZONE = defaulted("zoneId", TEXT, "UTC", "Such as Europe/Madrid.")
SCHEDULE_START = optional("scheduleStartTime", EPOCH_MILLIS, "Epoch milliseconds.")
SCHEDULE_END = optional("scheduleEndTime", EPOCH_MILLIS, "Epoch milliseconds.")
LIMIT = defaulted("limit", whole(0), 5, "At most 100 are told.")


@routes.post("/schedules", "Create or replace a schedule", body=SCHEDULE, returns=WorkflowSchedule)
def save(request: Request, engine: Engine) -> Response:
    """Keep a schedule."""
    return json(engine.schedules.save(SCHEDULE.of(request)))


@routes.get(
    "/schedules", "List schedules", parameters=(WORKFLOW_NAME,), returns=list[WorkflowSchedule]
)
def schedules(request: Request, engine: Engine) -> Response:
    """Answer with all schedules, or those of one workflow."""
    return json(engine.schedules.all(WORKFLOW_NAME.of(request)))


@routes.get(
    "/schedules/search",
    "Search for schedules",
    parameters=(WORKFLOW_NAME, NAME_PART, PAUSED, FREE_TEXT, START, SIZE, SORT),
    returns=SearchResult[WorkflowSchedule],
)
def search(request: Request, engine: Engine) -> Response:
    """Answer with a page of the schedules that match."""
    query = ScheduleQuery(
        workflow_name=WORKFLOW_NAME.of(request),
        name_part=NAME_PART.of(request),
        paused=PAUSED.of(request),
        text=FREE_TEXT.of(request),
        page=_page(request),
    )
    return json(engine.schedules.search(query))


@routes.get("/schedules/{name}", "Get a schedule", returns=WorkflowSchedule)
def schedule(request: Request, engine: Engine) -> Response:
    """Answer with one schedule."""
    return json(engine.schedules.get(request.path["name"]))


@routes.delete("/schedules/{name}", "Delete a schedule")
def delete(request: Request, engine: Engine) -> Response:
    """Forget a schedule; what it has started goes on."""
    engine.schedules.delete(request.path["name"])
    return empty()


# Conductor has PUT only, Orkes GET only; SDKs of either kind find what they look for.
@routes.get("/schedules/{name}/pause", "Pause a schedule", parameters=(REASON,))
@routes.put("/schedules/{name}/pause", "Pause a schedule", parameters=(REASON,))
def pause(request: Request, engine: Engine) -> Response:
    """Let a schedule start nothing."""
    engine.schedules.pause(request.path["name"], REASON.of(request))
    return empty()


@routes.get("/schedules/{name}/resume", "Resume a paused schedule")
@routes.put("/schedules/{name}/resume", "Resume a paused schedule")
def resume(request: Request, engine: Engine) -> Response:
    """Let a schedule go on."""
    engine.schedules.resume(request.path["name"])
    return empty()


@routes.get("/schedules/{name}/tags", "Get the tags of a schedule", returns=list[Tag])
def tags(request: Request, engine: Engine) -> Response:
    """Answer with the tags."""
    return json(engine.schedules.tags(request.path["name"]))


@routes.put("/schedules/{name}/tags", "Replace the tags of a schedule", body=TAGS)
def put_tags(request: Request, engine: Engine) -> Response:
    """Store tags in place of all there were."""
    engine.schedules.put_tags(request.path["name"], TAGS.of(request))
    return empty()


@routes.delete("/schedules/{name}/tags", "Delete tags of a schedule", body=TAGS)
def delete_tags(request: Request, engine: Engine) -> Response:
    """Delete the tags of these keys."""
    engine.schedules.delete_tags(request.path["name"], TAGS.of(request))
    return empty()


@routes.put(
    "/bulk/pause", "Pause schedules", parameters=(REASON,), body=NAMES, returns=BulkResponse
)
def pause_some(request: Request, engine: Engine) -> Response:
    """Pause each schedule."""
    reason = REASON.of(request)
    return json(_each(_names(request), lambda name: engine.schedules.pause(name, reason)))


@routes.put("/bulk/resume", "Resume paused schedules", body=NAMES, returns=BulkResponse)
def resume_some(request: Request, engine: Engine) -> Response:
    """Resume each schedule."""
    return json(_each(_names(request), engine.schedules.resume))


@routes.get(
    "/nextFewSchedules",
    "Preview the next times of a cron expression",
    parameters=(CRON, ZONE, SCHEDULE_START, SCHEDULE_END, LIMIT),
    returns=list[int],
    example=[1767229200000, 1767315600000],
)
def next_few(request: Request, engine: Engine) -> Response:
    """Answer with epoch milliseconds."""
    cron = CronSchedule(cron_expression=CRON.of(request), zone_id=ZONE.of(request))
    start, end = SCHEDULE_START.of(request), SCHEDULE_END.of(request)
    limit = LIMIT.of(request)
    return json(engine.schedules.preview(cron, start=start, end=end, limit=limit))


@routes.get(
    "/search/executions",
    "Search what schedules have started",
    parameters=(QUERY, FREE_TEXT, START, SIZE, SORT),
    returns=SearchResult[WorkflowScheduleExecution],
)
def executions(request: Request, engine: Engine) -> Response:
    """Answer with a page of the executions that match."""
    query = execution_query(QUERY.of(request), FREE_TEXT.of(request), _page(request))
    return json(engine.schedules.executions(query))


@routes.get(
    "/admin/pause", "Pause all schedules", returns=dict[str, str], example={"status": "done"}
)
def pause_all(_request: Request, engine: Engine) -> Response:
    """Let no schedule start anything, whatever its own state."""
    engine.schedules.pause_all()
    return json({"status": "done"})


@routes.get(
    "/admin/resume",
    "Resume all schedules",
    returns=dict[str, str],
    example={"status": "done"},
)
def resume_all(_request: Request, engine: Engine) -> Response:
    """Let those schedules go on that are not paused themselves."""
    engine.schedules.resume_all()
    return json({"status": "done"})


@routes.get(
    "/admin/requeue",
    "Have schedules looked at that are due",
    returns=dict[str, object],
    example={"recordIds.size": 1, "sampleIds": ["nightly"]},
)
def requeue(_request: Request, engine: Engine) -> Response:
    """Send the messages again that schedules may be waiting for."""
    names = engine.scheduler.announce()
    return json({"recordIds.size": len(names), "sampleIds": names[:10]})


def _page(request: Request) -> Page:
    return Page(start=START.of(request), size=SIZE.of(request), sort=SORT.of(request))


def _names(request: Request) -> list[str]:
    names = NAMES.of(request)
    if len(names) > MAX_NAMES:
        raise InvalidRequestError(f"Cannot process more than {MAX_NAMES} schedules at once.")
    return names


def _each(names: list[str], act: Callable[[str], object]) -> BulkResponse:
    """Act on each schedule by itself, and tell what became of it."""
    failed: dict[str, str] = {}
    succeeded: list[str] = []
    for name in names:
        try:
            act(name)
            succeeded.append(name)
        except ConductorError as error:
            failed[name] = str(error)
    return BulkResponse(bulk_error_results=failed, bulk_successful_results=succeeded)
