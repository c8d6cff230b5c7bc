"""Definitions: ``/api/metadata``."""

from typing import TypeVar

from dalsegno.models import BulkResponse, RateLimitConfig, TaskDef, WorkflowDef, WorkflowDefSummary
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import (
    FLAG,
    TEXT,
    defaulted,
    fixed,
    optional,
    path,
    whole,
    without_effect,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

D = TypeVar("D", WorkflowDef, TaskDef)

routes: Routes[Engine] = Routes("Metadata", "/api/metadata")

WORKFLOW_DEF = Body(WorkflowDef)
WORKFLOW_DEFS = Body(list[WorkflowDef])
RATE_LIMIT = Body(RateLimitConfig)
TASK_DEF = Body(TaskDef)
TASK_DEFS = Body(list[TaskDef])

OVERWRITE = defaulted("overwrite", FLAG, False, "Replace that version if it exists.")
VERSION = optional("version", whole(), "The highest one unless given.")
VERSION_IN_PATH = path("version", whole(), "Of the definition.")
CLASSIFIER = optional("classifier", TEXT, "Only those of this kind; several joined by commas.")
NAME = optional("name", TEXT, "Only the versions of this name.")
TAG_KEY = optional("tagKey", TEXT, "Only those that have a tag of this key.")
TAG_VALUE = optional("tagValue", TEXT, "Only those that have a tag of this value.")
ACCESS = without_effect("access", "permissions are the caller's, not the definition's.")
METADATA = without_effect("metadata", "definitions are complete.")
SHORT = without_effect("short", "definitions are complete.")
NEW_VERSION = fixed("newVersion", FLAG, False, "set the version in the definition.")
REPLACES = fixed("overwrite", FLAG, True, "PUT replaces what is there; POST does not.")
TAGGED = (TAG_KEY, TAG_VALUE)


@routes.post(
    "/workflow",
    "Register a workflow definition",
    parameters=(OVERWRITE, NEW_VERSION),
    body=WORKFLOW_DEF,
)
def create_workflow_def(request: Request, engine: Engine) -> Response:
    """Store a new definition, or replace it if asked."""
    definition = WORKFLOW_DEF.of(request)
    engine.metadata.create_workflow_def(definition, overwrite=OVERWRITE.of(request))
    return empty()


@routes.post("/workflow/validate", "Check a workflow definition", body=WORKFLOW_DEF)
def check_workflow_def(request: Request, engine: Engine) -> Response:
    """Check a definition without storing it."""
    engine.metadata.check_workflow_def(WORKFLOW_DEF.of(request))
    return empty()


@routes.put(
    "/workflow",
    "Register or replace workflow definitions",
    parameters=(REPLACES, NEW_VERSION),
    body=WORKFLOW_DEFS,
    returns=BulkResponse,
)
def update_workflow_defs(request: Request, engine: Engine) -> Response:
    """Store definitions, new or not."""
    return json(engine.metadata.update_workflow_defs(WORKFLOW_DEFS.of(request)))


@routes.get(
    "/workflow",
    "List all versions of all workflow definitions",
    parameters=(CLASSIFIER, NAME, *TAGGED, ACCESS, METADATA, SHORT),
    returns=list[WorkflowDef],
)
def workflow_defs(request: Request, engine: Engine) -> Response:
    """Answer with the definitions: of one kind, name or tag if asked."""
    name, found = NAME.of(request), engine.metadata.workflow_defs(CLASSIFIER.of(request))
    named = [each for each in found if name is None or each.name == name]
    return json(_tagged(request, engine, "workflow", named))


@routes.get(
    "/workflow/names-and-versions",
    "List the names of workflow definitions with their versions",
    returns=dict[str, list[WorkflowDefSummary]],
)
def names_and_versions(_request: Request, engine: Engine) -> Response:
    """Answer with a map from names to versions."""
    return json(engine.metadata.names_and_versions())


@routes.get(
    "/workflow/names",
    "List the names of workflow definitions",
    returns=list[str],
    example=["order", "refund"],
)
def workflow_names(_request: Request, engine: Engine) -> Response:
    """Answer with the names."""
    return json(engine.metadata.workflow_names())


@routes.get(
    "/workflow/latest-versions",
    "List the latest version of each workflow definition",
    returns=list[WorkflowDef],
)
def latest_workflow_defs(_request: Request, engine: Engine) -> Response:
    """Answer with one definition per name."""
    return json(engine.metadata.latest_workflow_defs())


@routes.get(
    "/workflow/{name}",
    "Get a workflow definition",
    parameters=(VERSION, METADATA),
    returns=WorkflowDef,
)
def workflow_def(request: Request, engine: Engine) -> Response:
    """Answer with one definition."""
    return json(engine.metadata.workflow_def(request.path["name"], VERSION.of(request)))


@routes.get(
    "/workflow/{name}/versions",
    "List the versions of a workflow definition",
    returns=list[WorkflowDefSummary],
)
def workflow_versions(request: Request, engine: Engine) -> Response:
    """Answer with the versions of one name."""
    return json(engine.metadata.workflow_versions(request.path["name"]))


@routes.delete(
    "/workflow/{name}/{version}", "Delete a workflow definition", parameters=(VERSION_IN_PATH,)
)
def delete_workflow_def(request: Request, engine: Engine) -> Response:
    """Forget a definition, and its tags with the last version; running workflows keep it."""
    name = request.path["name"]
    engine.metadata.delete_workflow_def(name, VERSION_IN_PATH.of(request))
    if not engine.metadata.workflow_versions(name):
        engine.tags.forget("workflow", name)
    return empty()


@routes.get(
    "/workflow/{name}/rate-limit",
    "Get how many executions of a workflow may run at once",
    returns=RateLimitConfig,
)
def rate_limit(request: Request, engine: Engine) -> Response:
    """Answer with the limit of the highest version; 404 if it has none."""
    return json(engine.metadata.rate_limit(request.path["name"]))


@routes.put(
    "/workflow/{name}/rate-limit",
    "Limit how many executions of a workflow run at once",
    body=RATE_LIMIT,
)
def set_rate_limit(request: Request, engine: Engine) -> Response:
    """Limit executions of all versions that start from now on."""
    engine.metadata.set_rate_limit(request.path["name"], RATE_LIMIT.of(request))
    return empty()


@routes.delete("/workflow/{name}/rate-limit", "Limit executions of a workflow no more")
def remove_rate_limit(request: Request, engine: Engine) -> Response:
    """Let as many executions run as are started; absent is fine."""
    engine.metadata.set_rate_limit(request.path["name"], None)
    return empty()


@routes.post("/taskdefs", "Register or replace task definitions", body=TASK_DEFS)
def create_task_defs(request: Request, engine: Engine) -> Response:
    """Store task definitions, new or not."""
    engine.metadata.create_task_defs(TASK_DEFS.of(request))
    return empty()


@routes.put("/taskdefs", "Replace a task definition", body=TASK_DEF)
def update_task_def(request: Request, engine: Engine) -> Response:
    """Replace a task definition; unknown ones are refused, which SDKs rely on."""
    engine.metadata.update_task_def(TASK_DEF.of(request))
    return empty()


@routes.get(
    "/taskdefs",
    "List all task definitions",
    parameters=(*TAGGED, ACCESS, METADATA),
    returns=list[TaskDef],
)
def task_defs(request: Request, engine: Engine) -> Response:
    """Answer with all task definitions, or those of one tag."""
    return json(_tagged(request, engine, "task", engine.metadata.task_defs()))


@routes.get(
    "/taskdefs/{tasktype}", "Get a task definition", parameters=(METADATA,), returns=TaskDef
)
def task_def(request: Request, engine: Engine) -> Response:
    """Answer with one task definition."""
    return json(engine.metadata.task_def(request.path["tasktype"]))


@routes.delete("/taskdefs/{tasktype}", "Delete a task definition")
def delete_task_def(request: Request, engine: Engine) -> Response:
    """Forget a task definition and its tags."""
    engine.metadata.delete_task_def(request.path["tasktype"])
    engine.tags.forget("task", request.path["tasktype"])
    return empty()


def _tagged(request: Request, engine: Engine, kind: str, found: list[D]) -> list[D]:
    """Return the definitions that have the tag that is asked for; all, if none is."""
    key, value = TAG_KEY.of(request), TAG_VALUE.of(request)
    if key is None and value is None:
        return found
    names = {
        name
        for name, tags in engine.tags.of_all(kind).items()
        for tag in tags
        if key in {None, tag.key} and value in {None, str(tag.value)}
    }
    return [each for each in found if each.name in names]
