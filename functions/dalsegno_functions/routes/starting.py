"""Parameters of the routes that start workflows, in every place where a client sends them."""

from typing import Final

from dalsegno.errors import InvalidRequestError
from dalsegno.models import IdempotencyStrategy, StartWorkflowRequest
from dalsegno_functions import synchronous
from dalsegno_functions.http.parameters import (
    HEADER_TEXT,
    TEXT,
    defaulted,
    optional,
    path,
    whole,
    without_effect,
    word,
)
from dalsegno_functions.http.request import Request

VERSION = optional("version", whole(), "Of the definition; the highest one unless given.")
VERSION_IN_PATH = path("version", whole(), "Of the definition; 0 for the highest one.")
CORRELATION_ID = optional("correlationId", TEXT, "A name of your own to find the workflow by.")
PRIORITY = defaulted("priority", whole(0, 99), 0, "Larger is served first, where the queue can.")
IDEMPOTENCY_KEY = optional(
    "idempotencyKey",
    TEXT,
    "One execution per workflow name and key.",
    headers=("X-Idempotency-key",),
)
IDEMPOTENCY_STRATEGY = optional(
    "idempotencyStrategy",
    word(IdempotencyStrategy),
    "What to do if the key is known already.",
    headers=("X-on-conflict",),
)
IDEMPOTENCY: Final = (IDEMPOTENCY_KEY, IDEMPOTENCY_STRATEGY)

REQUEST_ID = optional("requestId", HEADER_TEXT, "Comes back in the answer.", headers=("requestId",))
WAIT_UNTIL_TASK_REF = optional(
    "waitUntilTaskRef",
    TEXT,
    "Reference names joined by commas; answer once one has ended.",
    headers=("waitUntilTaskRef",),
)
WAIT_FOR_SECONDS = defaulted(
    "waitForSeconds",
    whole(0),
    10,
    f"At most {synchronous.MAX_WAIT_SECONDS:.0f}; 0 means 10.",
    headers=("waitForSeconds",),
)
WAIT: Final = (REQUEST_ID, WAIT_UNTIL_TASK_REF, WAIT_FOR_SECONDS)
CONSISTENCY = without_effect("consistency", "every answer shows what is stored durably.")


def with_idempotency(request: Request, asked: StartWorkflowRequest) -> StartWorkflowRequest:
    """Return what to start, with the key that the request carries outside its body.

    Raises:
        InvalidRequestError: The body has another key, or another strategy.
    """
    key, strategy = IDEMPOTENCY_KEY.of(request), IDEMPOTENCY_STRATEGY.of(request)
    for name, outside, inside in (
        ("idempotencyKey", key, asked.idempotency_key),
        ("idempotencyStrategy", strategy, asked.idempotency_strategy),
    ):
        if outside is not None and inside is not None and outside != inside:
            raise InvalidRequestError(
                f"{name}: the body has {inside[:100]!r}, query or header {outside[:100]!r}"
            )
    changes = {"idempotency_key": key, "idempotency_strategy": strategy}
    given = {name: value for name, value in changes.items() if value is not None}
    return asked.model_copy(update=given) if given else asked
