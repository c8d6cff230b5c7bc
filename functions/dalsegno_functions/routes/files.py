"""Files of workflows: ``/api/files``."""

from urllib.parse import quote

from dalsegno.models import (
    FileDownloadUrl,
    FileHandle,
    FileMultipart,
    FileMultipartCompletion,
    FileUpload,
    FileUploadCompletion,
    FileUploadRequest,
    FileUploadUrl,
)
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.parameters import path, whole
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, json, no_content
from dalsegno_functions.http.routes import Routes
from dalsegno_state.engine import Engine

routes: Routes[Engine] = Routes("Files", "/api/files")

UPLOAD = Body(FileUploadRequest)
COMPLETION = Body(FileMultipartCompletion)
PART = path("partNumber", whole(1, 10_000), "Counted from 1.")


@routes.post(
    "", "Announce a file and get a URL to upload it", body=UPLOAD, returns=FileUpload, status=201
)
def create(request: Request, engine: Engine) -> Response:
    """Answer with the file and where it is to be put."""
    return json(engine.files.create(UPLOAD.of(request)), 201)


@routes.get("/{workflowId}/{fileId}", "Tell what is known of a file", returns=FileHandle)
def handle(request: Request, engine: Engine) -> Response:
    """Answer with a file, without its content."""
    return json(engine.files.handle(*_named(request)))


@routes.get(
    "/{workflowId}/{fileId}/upload-url", "Get a URL to upload a file", returns=FileUploadUrl
)
def upload_url(request: Request, engine: Engine) -> Response:
    """Answer with a URL; for the workflow that owns the file."""
    return json(engine.files.upload_url(*_named(request)))


@routes.get(
    "/{workflowId}/{fileId}/download-url", "Get a URL to download a file", returns=FileDownloadUrl
)
def download_url(request: Request, engine: Engine) -> Response:
    """Answer with a URL; for any workflow of the owner's family."""
    return json(engine.files.download_url(*_named(request)))


@routes.post(
    "/{workflowId}/{fileId}/upload-complete",
    "Tell that a file has been uploaded",
    returns=FileUploadCompletion,
)
def complete(request: Request, engine: Engine) -> Response:
    """Note that the file is there."""
    return json(engine.files.complete(*_named(request)))


@routes.put(
    "/content/{workflowId}/{fileId}",
    "Upload a file that this server keeps itself",
    text_body="The content, whatever its type.",
    status=204,
)
def write(request: Request, engine: Engine) -> Response:
    """Store content as it comes."""
    body = request.body.encode() if isinstance(request.body, str) else request.body
    engine.files.write(*_named(request), body)
    return no_content()


@routes.get(
    "/content/{workflowId}/{fileId}", "Download a file that this server keeps itself", returns=str
)
def read(request: Request, engine: Engine) -> Response:
    """Answer with the content, under the type it was announced with."""
    found = engine.files.read(*_named(request))
    disposition = f"attachment; filename*=UTF-8''{quote(found.file_name, safe='')}"
    headers = {"content-disposition": disposition, "x-content-type-options": "nosniff"}
    return Response(200, found.content_type, found.body, headers)


@routes.post("/{workflowId}/{fileId}/multipart", "Begin an upload in parts", returns=FileMultipart)
def start_multipart(request: Request, engine: Engine) -> Response:
    """Answer with the id of the upload."""
    return json(engine.files.start_multipart(*_named(request)))


@routes.get(
    "/{workflowId}/{fileId}/multipart/{uploadId}/part/{partNumber}",
    "Get a URL to upload a part",
    parameters=(PART,),
    returns=FileUploadUrl,
)
def part_url(request: Request, engine: Engine) -> Response:
    """Answer with a URL."""
    upload_id, number = request.path["uploadId"], PART.of(request)
    return json(engine.files.part_url(*_named(request), upload_id, number))


@routes.post(
    "/{workflowId}/{fileId}/multipart/{uploadId}/complete",
    "Make a file of its parts",
    body=COMPLETION,
    returns=FileUploadCompletion,
)
def complete_multipart(request: Request, engine: Engine) -> Response:
    """Put the parts together and note that the file is there."""
    tags = COMPLETION.of(request).part_e_tags
    upload_id = request.path["uploadId"]
    return json(engine.files.complete_multipart(*_named(request), upload_id, tags))


@routes.delete(
    "/{workflowId}/{fileId}/multipart/{uploadId}", "Give up an upload in parts", status=204
)
def abort_multipart(request: Request, engine: Engine) -> Response:
    """Forget the parts."""
    engine.files.abort_multipart(*_named(request), request.path["uploadId"])
    return no_content()


def _named(request: Request) -> tuple[str, str]:
    return request.path["workflowId"], request.path["fileId"]
