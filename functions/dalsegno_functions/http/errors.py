"""Failures, in the shape Conductor's clients read."""

import platform
from dataclasses import replace
from functools import cache

from pydantic_core import to_json

from dalsegno.errors import ConductorError, InvalidRequestError, MethodNotAllowedError
from dalsegno.models import ErrorResponse
from dalsegno_functions.http.response import JSON, Response


def refuse(error: ConductorError) -> Response:
    """Return the answer to an expected failure; violations of rules carry their list."""
    violations = error.validation_errors if isinstance(error, InvalidRequestError) else ()
    body = ErrorResponse(
        status=error.status,
        message=str(error),
        instance=None if violations else _instance(),
        retryable=error.retryable,
        validation_errors=list(violations) or None,
    )
    return Response(error.status, JSON, body.to_wire_json().decode())


def not_allowed(method: str, allowed: set[str]) -> Response:
    """Return the answer to a method the path does not have; to OPTIONS, those it does have."""
    headers = {"allow": ", ".join(sorted(allowed))}
    if method == "OPTIONS":
        return Response(204, headers=headers)
    refusal = refuse(MethodNotAllowedError(f"Request method '{method}' is not supported"))
    return replace(refusal, headers=headers)


def fail() -> Response:
    """Return the answer to a failure nobody expected; what happened is in the log only."""
    message = "The server failed to answer; its log says why."
    body = {"status": 500, "message": message, "instance": _instance(), "retryable": False}
    return Response(500, JSON, to_json(body).decode())


@cache
def _instance() -> str:
    return platform.node() or "dalsegno"
