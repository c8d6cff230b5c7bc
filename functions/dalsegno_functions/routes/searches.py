"""Searches for workflows and tasks."""

from dalsegno.models import SearchResult, Task, TaskSummary, Workflow, WorkflowSummary
from dalsegno_functions.http.parameters import (
    FLAG,
    TEXT,
    defaulted,
    optional,
    whole,
    without_effect,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.ports import TaskQuery, WorkflowQuery
from dalsegno_state.search_queries import task_query, workflow_query

routes: Routes[Engine] = Routes("Search", "/api")

MAX_PAGE = 5000

START = defaulted("start", whole(0), 0, "How many to leave out.")
SIZE = defaulted("size", whole(0, MAX_PAGE), 100, "At most so many are shown.")
SORT = optional("sort", TEXT, "Such as status:ASC|startTime:DESC.")
FREE_TEXT = optional("freeText", TEXT, "To be found in names, ids, inputs and outputs.")
QUERY = optional("query", TEXT, "Such as: workflowType = 'order' AND status IN (RUNNING, PAUSED)")
CLASSIFIER = optional("classifier", TEXT, "Only those of this kind; several joined by commas.")
TOP_LEVEL_ONLY = defaulted("topLevelOnly", FLAG, False, "No sub-workflows.")
TASK_QUERY = optional("query", TEXT, "Such as: taskType = 'charge' AND status != COMPLETED")
QUERY_ID = without_effect("queryId", "each search is made anew.")
SKIP_CACHE = without_effect("skipCache", "searches are not cached.")
WORKFLOWS = (QUERY, FREE_TEXT, SORT, START, SIZE, CLASSIFIER, TOP_LEVEL_ONLY)
SEARCH = (*WORKFLOWS, QUERY_ID, SKIP_CACHE)
TASK_SEARCH = (TASK_QUERY, FREE_TEXT, SORT, START, SIZE)


@routes.get(
    "/workflow/search",
    "Search for workflows",
    parameters=SEARCH,
    returns=SearchResult[WorkflowSummary],
)
def search(request: Request, engine: Engine) -> Response:
    """Answer with a page of summaries."""
    return json(engine.queries.search(_query(request)))


@routes.get(
    "/workflow/search-v2",
    "Search for workflows",
    parameters=SEARCH,
    returns=SearchResult[Workflow],
)
def search_v2(request: Request, engine: Engine) -> Response:
    """Answer with a page of workflows, without their tasks."""
    return json(engine.queries.search_v2(_query(request)))


@routes.get(
    "/workflow/search-by-tasks",
    "Search for workflows by their tasks",
    parameters=TASK_SEARCH,
    returns=SearchResult[WorkflowSummary],
)
def search_by_tasks(request: Request, engine: Engine) -> Response:
    """Answer with a page of summaries of the workflows that have such tasks."""
    return json(engine.queries.search_by_tasks(_task_query(request)))


@routes.get(
    "/workflow/search-by-tasks-v2",
    "Search for workflows by their tasks",
    parameters=TASK_SEARCH,
    returns=SearchResult[Workflow],
)
def search_by_tasks_v2(request: Request, engine: Engine) -> Response:
    """Answer with a page of the workflows that have such tasks, without their tasks."""
    return json(engine.queries.search_by_tasks_v2(_task_query(request)))


@routes.get(
    "/tasks/search",
    "Search for tasks",
    parameters=TASK_SEARCH,
    returns=SearchResult[TaskSummary],
)
def search_tasks(request: Request, engine: Engine) -> Response:
    """Answer with a page of summaries."""
    return json(engine.queries.search_tasks(_task_query(request)))


@routes.get(
    "/tasks/search-v2", "Search for tasks", parameters=TASK_SEARCH, returns=SearchResult[Task]
)
def search_tasks_v2(request: Request, engine: Engine) -> Response:
    """Answer with a page of tasks."""
    return json(engine.queries.search_tasks_v2(_task_query(request)))


def _query(request: Request) -> WorkflowQuery:
    classifiers = (CLASSIFIER.of(request) or "").split(",")
    return workflow_query(
        QUERY.of(request),
        sort=SORT.of(request),
        free_text=FREE_TEXT.of(request),
        classifiers=[each.strip() for each in classifiers if each.strip()],
        top_level_only=TOP_LEVEL_ONLY.of(request),
        start=START.of(request),
        size=SIZE.of(request),
    )


def _task_query(request: Request) -> TaskQuery:
    return task_query(
        TASK_QUERY.of(request),
        sort=SORT.of(request),
        free_text=FREE_TEXT.of(request),
        start=START.of(request),
        size=SIZE.of(request),
    )
