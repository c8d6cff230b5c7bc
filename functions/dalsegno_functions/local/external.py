"""Takes in and gives out payloads of clients, as S3 does elsewhere, at locations signed before."""

from typing import Protocol

from dalsegno.errors import ForbiddenError, InvalidRequestError, NotFoundError
from dalsegno_functions.http.event import MAX_BODY_BYTES
from dalsegno_functions.http.parameters import EPOCH_MILLIS, TEXT, required, word
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import JSON, Response, empty
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.external_paths import LOCATION, ExternalOperation

PATH = required("path", TEXT)
OPERATION = required("operation", word(ExternalOperation))
EXPIRES = required("expires", EPOCH_MILLIS, "Epoch milliseconds.")
SIGNATURE = required("signature", TEXT)
PARAMETERS = (PATH, OPERATION, EXPIRES, SIGNATURE)


class Served(Protocol):
    """Payloads whose locations are of this server."""

    def permits(self, path: str, operation: ExternalOperation, expires: int, sign: str) -> bool:
        """Return whether somebody was told this very location, not too long ago."""
        ...

    def write(self, path: str, body: bytes) -> None:
        """Store what a client sends."""
        ...

    def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """See ``ExternalPayloads.read``."""
        ...


def routes(payloads: Served) -> Routes[Engine]:
    """Return the routes that locations lead to."""
    served: Routes[Engine] = Routes("External payloads")

    @served.put(LOCATION, "Store a payload", parameters=PARAMETERS)
    def put(request: Request, _engine: Engine) -> Response:
        path = _permitted(request, ExternalOperation.WRITE)
        if isinstance(request.body, bytes):
            raise InvalidRequestError("the body is no JSON: it is not in UTF-8")
        payloads.write(path, request.body.encode())
        return empty()

    @served.get(LOCATION, "Fetch a payload", parameters=PARAMETERS)
    def get(request: Request, _engine: Engine) -> Response:
        path = _permitted(request, ExternalOperation.READ)
        try:
            body = payloads.read(path, max_bytes=MAX_BODY_BYTES)
        except KeyError:
            raise NotFoundError(f"nothing is stored at {path}") from None
        return Response(200, JSON, (body or b"").decode())

    def _permitted(request: Request, operation: ExternalOperation) -> str:
        path, expires, signature = (
            PATH.of(request),
            EXPIRES.of(request),
            SIGNATURE.of(request),
        )
        is_same = OPERATION.of(request) is operation
        if not (is_same and payloads.permits(path, operation, expires, signature)):
            raise ForbiddenError("this location is not good, or not any more: ask for a new one")
        return path

    return served
