"""Schemas: ``/api/schema``."""

from dalsegno.models import SchemaDef
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import FLAG, defaulted, path, whole, without_effect
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Schemas", "/api/schema")

SCHEMAS: Body[list[SchemaDef] | SchemaDef] = Body(
    list[SchemaDef] | SchemaDef,  # type: ignore[arg-type]  # a union is no class
)
VERSION = path("version", whole(1), "Of the schema.")
SHORT = without_effect("short", "definitions are complete.")
NEW_VERSION = defaulted("newVersion", FLAG, False, "Give each the next version of its name.")


@routes.post("", "Register or replace schemas", parameters=(NEW_VERSION,), body=SCHEMAS)
def save(request: Request, engine: Engine) -> Response:
    """Store schemas, one or a list of them."""
    asked = SCHEMAS.of(request)
    schemas = asked if isinstance(asked, list) else [asked]
    engine.schemas.save(schemas, new_version=NEW_VERSION.of(request))
    return empty()


@routes.get("", "List all versions of all schemas", parameters=(SHORT,), returns=list[SchemaDef])
def schemas(_request: Request, engine: Engine) -> Response:
    """Answer with all schemas."""
    return json(engine.schemas.schemas())


@routes.get("/{name}", "Get the highest version of a schema", returns=SchemaDef)
def latest(request: Request, engine: Engine) -> Response:
    """Answer with one schema."""
    return json(engine.schemas.schema(request.path["name"]))


@routes.get("/{name}/{version}", "Get a schema", parameters=(VERSION,), returns=SchemaDef)
def schema(request: Request, engine: Engine) -> Response:
    """Answer with one schema."""
    return json(engine.schemas.schema(request.path["name"], VERSION.of(request)))


@routes.delete("/{name}", "Delete all versions of a schema")
def delete_all(request: Request, engine: Engine) -> Response:
    """Forget a schema."""
    engine.schemas.delete(request.path["name"])
    return empty()


@routes.delete("/{name}/{version}", "Delete a version of a schema", parameters=(VERSION,))
def delete(request: Request, engine: Engine) -> Response:
    """Forget a version of a schema."""
    engine.schemas.delete(request.path["name"], VERSION.of(request))
    return empty()
