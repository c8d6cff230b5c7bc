"""Requests that WAIT_FOR_WEBHOOK tasks wait for: ``/webhook/{webhookId}``."""

from typing import cast

from dalsegno.models import JsonValue
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Webhooks", "/webhook")

PAYLOAD: Body[JsonValue] = Body(
    cast("type[JsonValue]", JsonValue), example={"event": {"type": "payment.settled"}}
)
_SECRET = "x-webhook-secret"  # noqa: S105  (a header's name)


@routes.post(
    "/{webhookId}",
    "Complete the tasks that wait for such a request; X-Webhook-Secret tells its secret",
    body=PAYLOAD,
    returns=dict[str, int],
    example={"completed": 1},
    takes_any_query=True,
)
def deliver(request: Request, engine: Engine) -> Response:
    """Complete the tasks that the body fits and answer how many there were, which may be none."""
    webhook_id = request.path["webhookId"]
    engine.webhooks.check(webhook_id, request.headers.get(_SECRET))
    return json({"completed": engine.webhooks.deliver(webhook_id, PAYLOAD.of(request))})
