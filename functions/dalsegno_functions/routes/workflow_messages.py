"""Messages to a running workflow: ``/api/workflow/{workflowId}/messages``."""

from dalsegno.models import JsonObject
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, text
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Workflow", "/api/workflow")

MESSAGE = Body(JsonObject, example={"approvedBy": "ada"})


@routes.post(
    "/{workflowId}/messages", "Send a message to a running workflow", body=MESSAGE, returns=str
)
def push(request: Request, engine: Engine) -> Response:
    """Store a message for a PULL_WORKFLOW_MESSAGES task and answer with its id."""
    return text(engine.messages.push(request.path["workflowId"], MESSAGE.of(request)))
