"""The REST API as a Lambda function."""

from typing import Final

from dalsegno_functions import openapi
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import GatewayReply
from dalsegno_functions.http.router import Router
from dalsegno_functions.observability import instrument
from dalsegno_functions.routes import (
    admin,
    environment,
    event_queues,
    events,
    external_payloads,
    files,
    health,
    metadata,
    metadata_tags,
    poll,
    queues,
    scheduler,
    schemas,
    searches,
    secrets,
    tasks,
    webhooks,
    workflow,
    workflow_bulk,
    workflow_changes,
    workflow_execute,
    workflow_messages,
    workflow_reads,
)
from dalsegno_functions.wiring import reply
from dalsegno_state.engine import Engine

OPERATIONS: Final = (
    *metadata.routes,
    *metadata_tags.routes,
    *schemas.routes,
    *workflow.routes,
    *workflow_reads.routes,
    *workflow_bulk.routes,
    *workflow_messages.routes,
    *workflow_execute.routes,
    *workflow_changes.routes,
    *searches.routes,
    *tasks.routes,
    *webhooks.routes,
    *external_payloads.routes,
    *poll.routes,
    *queues.routes,
    *secrets.routes,
    *environment.routes,
    *scheduler.routes,
    *files.routes,
    *admin.routes,
    *events.routes,
    *event_queues.routes,
    *health.routes,
)

API: Final[Router[Engine]] = Router((*OPERATIONS, *openapi.routes(OPERATIONS)))


@instrument
def handler(event: GatewayEvent, _context: object) -> GatewayReply:
    """Lambda entry point."""
    return reply(API, event)
