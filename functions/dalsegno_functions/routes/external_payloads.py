"""Where clients put and fetch payloads that are too large to be sent along."""

from typing import Final
from urllib.parse import urljoin

from dalsegno.errors import InvalidRequestError
from dalsegno.models import ExternalStorageLocation
from dalsegno_functions.http.parameters import TEXT, optional, required
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine
from dalsegno_state.external_paths import ExternalOperation, PayloadType

routes: Routes[Engine] = Routes("External payloads", "/api")

PATH = optional("path", TEXT, "Of a payload that is to be read; a new one unless given.")
OPERATION = required("operation", TEXT, "READ or WRITE.")
PAYLOAD_TYPE = required("payloadType", TEXT, ", ".join(PayloadType))

_SUMMARY: Final = "Get a URL to put or fetch a large payload at"


def _locate(request: Request, engine: Engine) -> Response:
    """Answer with a signed URL and the path that stands for the payload from then on."""
    asked = OPERATION.of(request), PAYLOAD_TYPE.of(request)
    try:
        operation, payload_type = (
            ExternalOperation(asked[0].upper()),
            PayloadType(asked[1].upper()),
        )
    except ValueError:
        raise InvalidRequestError(
            f"Invalid input - Operation: {asked[0][:100]}, PayloadType: {asked[1][:100]}"
        ) from None
    location = engine.external.location(operation, payload_type, PATH.of(request))
    uri = urljoin(f"http://{request.host}", location.uri)
    return json(ExternalStorageLocation(uri=uri, path=location.path))


for _resource in ("workflow", "tasks"):
    for _name in ("externalstoragelocation", "external-storage-location"):
        routes.get(
            f"/{_resource}/{_name}",
            _SUMMARY,
            parameters=(PATH, OPERATION, PAYLOAD_TYPE),
            returns=ExternalStorageLocation,
        )(_locate)
