"""The event a gateway sends for a request: payload format 2.0 of API Gateway's HTTP APIs."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

from dalsegno.errors import PayloadTooLargeError

# As Conductor; Lambda refuses requests above 6 MB before they come here.
MAX_BODY_BYTES: Final = 10 * 1024 * 1024


class GatewayHttp(TypedDict):
    """The HTTP part of a request's context."""

    method: str


class IamCaller(TypedDict):
    """The IAM principal whose signature the gateway, or the function's URL, has checked."""

    userArn: str


class JwtCaller(TypedDict):
    """The token that the gateway has checked.

    Attributes:
        claims: As text: a list in the token is ``[a b]`` here.
    """

    claims: Mapping[str, object]


class GatewayAuthorizer(TypedDict):
    """Who calls, as far as the gateway has checked it."""

    iam: NotRequired[IamCaller]
    jwt: NotRequired[JwtCaller]


class GatewayContext(TypedDict):
    """What the gateway knows of a request beside the request itself."""

    http: GatewayHttp
    authorizer: NotRequired[GatewayAuthorizer]


class GatewayEvent(TypedDict):
    """A request; Lambda Function URLs send the same."""

    rawPath: str
    rawQueryString: NotRequired[str]
    headers: NotRequired[Mapping[str, str]]
    requestContext: GatewayContext
    body: NotRequired[str | None]
    isBase64Encoded: NotRequired[bool]


def body_of(event: GatewayEvent) -> str | bytes:
    """Return the body; raises PayloadTooLargeError if it is larger than any gateway's limit."""
    body: str | bytes = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = b64decode(body)
    if len(body) > MAX_BODY_BYTES:
        raise too_large()
    return body


def too_large() -> PayloadTooLargeError:
    """Return the failure of a request whose body is too large."""
    return PayloadTooLargeError(f"the body is larger than {MAX_BODY_BYTES} bytes")
