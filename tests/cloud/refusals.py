"""How services of AWS say no, over HTTP: status, headers and content."""

import json
from typing import TypeAlias

Refusal: TypeAlias = tuple[int, dict[str, str], bytes]


def access_denied(service: str, said: str) -> Refusal:
    """Return how a service says that its caller may not do this."""
    if service in {"s3", "sns"}:
        text = f"<Error><Code>AccessDenied</Code><Message>{said}</Message></Error>"
        if service == "sns":
            text = f"<ErrorResponse>{text}</ErrorResponse>"
        return 403, {}, text.encode()
    return _json("AccessDeniedException", said)


def invalid(service: str, said: str) -> Refusal:
    """Return how a service says that a request makes no sense to it."""
    message = f"Item size: {said}" if said.startswith("an item of") else said
    return _json("InvalidParameterValue" if service == "sqs" else "ValidationException", message)


def _json(code: str, message: str) -> Refusal:
    error = {"__type": code, "message": message, "Message": message}
    return 400, {"x-amzn-errortype": code}, json.dumps(error).encode()
