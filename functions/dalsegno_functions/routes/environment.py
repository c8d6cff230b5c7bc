"""Values for ``${workflow.env.NAME}``: ``/api/environment``."""

from dalsegno.models import EnvironmentVariable
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Environment", "/api/environment")


@routes.get("", "List all environment values", returns=list[EnvironmentVariable])
def variables(_request: Request, engine: Engine) -> Response:
    """Answer with names and values."""
    return json(engine.environment.variables())


@routes.get("/{key}", "Get an environment value", returns=str)
def value(request: Request, engine: Engine) -> Response:
    """Answer with the value as it was put; with nothing if there is none, as Conductor does."""
    return text(engine.environment.value(request.path["key"]) or "")


@routes.put("/{key}", "Put an environment value", text_body="The value, unquoted.")
def put(request: Request, engine: Engine) -> Response:
    """Store a value, new or not: the body as it stands."""
    engine.environment.put(request.path["key"], request.text())
    return empty()


@routes.delete("/{key}", "Delete an environment value")
def delete(request: Request, engine: Engine) -> Response:
    """Forget a value."""
    engine.environment.delete(request.path["key"])
    return empty()
