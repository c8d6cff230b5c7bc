"""Tags of definitions, under ``/api/metadata``."""

from collections.abc import Callable

from dalsegno.errors import NotFoundError
from dalsegno.models import Tag
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import without_effect
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.engine.metadata import limit_of

routes: Routes[Engine] = Routes("Tags", "/api/metadata")

ONE_OR_MORE: Body[list[Tag] | Tag] = Body(
    list[Tag] | Tag,  # type: ignore[arg-type]  # a union is no class
)
TAGS = Body(list[Tag])

VERSION = without_effect("version", "all versions of a name have the same tags.")


@routes.get("/tags", "List the tags of all definitions", returns=list[Tag])
def all_tags(_request: Request, engine: Engine) -> Response:
    """Answer with each tag once, however many definitions have it."""
    found = {
        (tag.type, tag.key, str(tag.value)): tag
        for kind in ("workflow", "task")
        for tags in engine.tags.of_all(kind).values()
        for tag in tags
    }
    return json([found[each] for each in sorted(found)])


@routes.get("/workflow/{name}/tags", "Get the tags of a workflow definition", returns=list[Tag])
@routes.get(
    "/tags/workflow/{name}",
    "Get the tags of a workflow definition",
    parameters=(VERSION,),
    returns=list[Tag],
)
def workflow_tags(request: Request, engine: Engine) -> Response:
    """Answer with the tags."""
    return json(engine.tags.of("workflow", _workflow(request, engine)))


@routes.post("/workflow/{name}/tags", "Tag a workflow definition", body=ONE_OR_MORE)
@routes.post(
    "/tags/workflow/{name}",
    "Tag a workflow definition",
    parameters=(VERSION,),
    body=ONE_OR_MORE,
)
def add_workflow_tags(request: Request, engine: Engine) -> Response:
    """Store tags beside those there are."""
    tags = _some(request)
    return _change(request, engine, tags, engine.tags.add)


@routes.put("/workflow/{name}/tags", "Replace the tags of a workflow definition", body=TAGS)
def put_workflow_tags(request: Request, engine: Engine) -> Response:
    """Store tags in place of all there were."""
    tags = TAGS.of(request)
    return _change(request, engine, tags, engine.tags.put)


@routes.delete("/workflow/{name}/tags", "Delete tags of a workflow definition", body=ONE_OR_MORE)
@routes.delete(
    "/tags/workflow/{name}",
    "Delete tags of a workflow definition",
    parameters=(VERSION,),
    body=ONE_OR_MORE,
)
def delete_workflow_tags(request: Request, engine: Engine) -> Response:
    """Delete the tags of these keys; absent ones are fine."""
    tags = _some(request)
    return _change(request, engine, tags, engine.tags.delete)


@routes.get("/task/{taskName}/tags", "Get the tags of a task definition", returns=list[Tag])
def task_tags(request: Request, engine: Engine) -> Response:
    """Answer with the tags."""
    return json(engine.tags.of("task", _task(request, engine)))


@routes.post("/task/{taskName}/tags", "Tag a task definition", body=ONE_OR_MORE)
def add_task_tags(request: Request, engine: Engine) -> Response:
    """Store tags beside those there are."""
    engine.tags.add("task", _task(request, engine), _some(request))
    return empty()


@routes.put("/task/{taskName}/tags", "Replace the tags of a task definition", body=TAGS)
def put_task_tags(request: Request, engine: Engine) -> Response:
    """Store tags in place of all there were."""
    engine.tags.put("task", _task(request, engine), TAGS.of(request))
    return empty()


@routes.delete("/task/{taskName}/tags", "Delete tags of a task definition", body=ONE_OR_MORE)
def delete_task_tags(request: Request, engine: Engine) -> Response:
    """Delete the tags of these keys; absent ones are fine."""
    engine.tags.delete("task", _task(request, engine), _some(request))
    return empty()


def _some(request: Request) -> list[Tag]:
    asked = ONE_OR_MORE.of(request)
    return asked if isinstance(asked, list) else [asked]


def _change(
    request: Request,
    engine: Engine,
    tags: list[Tag],
    change: Callable[[str, str, list[Tag]], None],
) -> Response:
    """Change the tags of a workflow, and its rate limit if one of them sets it."""
    name = _workflow(request, engine)
    limit_of(tags)  # a tag that sets no limit, although it should, is not stored
    before = engine.tags.of("workflow", name)
    change("workflow", name, tags)
    engine.metadata.limit_by_tags(name, before, engine.tags.of("workflow", name))
    return empty()


def _workflow(request: Request, engine: Engine) -> str:
    """Return the name of the workflow definition; raises NotFoundError if there is none."""
    name = request.path["name"]
    if not engine.metadata.workflow_versions(name):
        raise NotFoundError(f"No such workflow found by name: {name}, version: null")
    return name


def _task(request: Request, engine: Engine) -> str:
    """Return the name of the task definition; raises NotFoundError if there is none."""
    return engine.metadata.task_def(request.path["taskName"]).name
