"""Health, version, and how a client finds out that no keys are needed."""

from dalsegno import __version__
from dalsegno.errors import NotFoundError, UnavailableError
from dalsegno.models import HealthCheckStatus, JsonObject
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Health")


@routes.get("/health", "Tell whether the server is able to serve", returns=HealthCheckStatus)
@routes.get("/api/health", "Tell whether the server is able to serve", returns=HealthCheckStatus)
def health(_request: Request, engine: Engine) -> Response:
    """Answer whether what is acknowledged now would be stored."""
    try:
        engine.check_storage()
    except UnavailableError as error:
        found: JsonObject = {"healthy": False, "name": "storage", "message": str(error)}
        return json(HealthCheckStatus(healthy=False, health_results=[found]), status=503)
    return json(HealthCheckStatus())


@routes.get("/api/version", "Tell the server's version", returns=str)
def version(_request: Request, _engine: Engine) -> Response:
    """Answer with the version of this package."""
    return text(__version__)


@routes.post("/api/token", "Exchange an access key for a token", returns=str)
def token(_request: Request, _engine: Engine) -> Response:
    """Refuse by 404: Conductor's SDKs then know that they need no token, and go on without."""
    raise NotFoundError("no access keys are configured, requests need no token")
