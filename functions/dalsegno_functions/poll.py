"""Polling as a Lambda function of its own: it is called most often, and loads least."""

from typing import Final

from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import GatewayReply
from dalsegno_functions.http.router import Router
from dalsegno_functions.observability import instrument
from dalsegno_functions.routes import poll
from dalsegno_functions.wiring import reply
from dalsegno_state.engine import Engine

API: Final[Router[Engine]] = Router(poll.routes)


@instrument
def handler(event: GatewayEvent, _context: object) -> GatewayReply:
    """Lambda entry point."""
    return reply(API, event)
