"""Secrets: ``/api/secrets``."""

from dalsegno.models import JsonValue, Tag, TaggedName
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Secrets", "/api")

TAGS = Body(list[Tag])
NAMES: JsonValue = ["payments_token", "smtp_password"]


@routes.get("/secrets", "List the names of secrets", returns=list[str], example=NAMES)
def names(_request: Request, engine: Engine) -> Response:
    """Answer with the names."""
    return json(engine.secrets.names())


@routes.post("/secrets", "List the names of secrets", returns=list[str], example=NAMES)
def names_posted(_request: Request, engine: Engine) -> Response:
    """Answer with the names: SDKs list with a POST."""
    return json(engine.secrets.names())


@routes.get("/secrets/v2", "List the names of secrets with their tags", returns=list[TaggedName])
def names_with_tags(_request: Request, engine: Engine) -> Response:
    """Answer with names and tags."""
    return json(engine.secrets.names_with_tags())


@routes.get("/secrets-v2", "List the names of secrets with their tags", returns=list[TaggedName])
def names_with_tags_v2(_request: Request, engine: Engine) -> Response:
    """Answer with names and tags."""
    return json(engine.secrets.names_with_tags())


@routes.get("/secrets/{key}", "Get the value of a secret", returns=str)
def value(request: Request, engine: Engine) -> Response:
    """Answer with the value as it was put."""
    return text(engine.secrets.value(request.path["key"]))


@routes.put("/secrets/{key}", "Put a secret", text_body="The value, unquoted.")
def put(request: Request, engine: Engine) -> Response:
    """Store a secret, new or not; its value is the body as it stands."""
    engine.secrets.put(request.path["key"], request.text())
    return empty()


@routes.delete("/secrets/{key}", "Delete a secret")
def delete(request: Request, engine: Engine) -> Response:
    """Forget a secret and its tags."""
    engine.secrets.delete(request.path["key"])
    return empty()


@routes.get("/secrets/{key}/exists", "Tell whether there is a secret", returns=bool, example=True)
def exists(request: Request, engine: Engine) -> Response:
    """Answer with true or false."""
    return json(engine.secrets.exists(request.path["key"]))


@routes.get("/secrets/{key}/tags", "Get the tags of a secret", returns=list[Tag])
def tags(request: Request, engine: Engine) -> Response:
    """Answer with the tags."""
    return json(engine.secrets.tags(request.path["key"]))


@routes.put("/secrets/{key}/tags", "Replace the tags of a secret", body=TAGS)
def put_tags(request: Request, engine: Engine) -> Response:
    """Store tags in place of all there were."""
    engine.secrets.put_tags(request.path["key"], TAGS.of(request))
    return empty()


@routes.delete("/secrets/{key}/tags", "Delete tags of a secret", body=TAGS)
def delete_tags(request: Request, engine: Engine) -> Response:
    """Delete the tags of these keys."""
    engine.secrets.delete_tags(request.path["key"], TAGS.of(request))
    return empty()
