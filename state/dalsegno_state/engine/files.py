"""Files: one workflow uploads them, all of its family may download them."""

import os
import re
from dataclasses import dataclass
from typing import Final

from dalsegno.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from dalsegno.models import (
    EpochMillis,
    FileDownloadUrl,
    FileHandle,
    FileMultipart,
    FileUpload,
    FileUploadCompletion,
    FileUploadRequest,
    FileUploadUrl,
)
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import Document, FileStore, Ports

HANDLE_PREFIX: Final = "conductor://file/"
URL_SECONDS: Final = 60
_KIND: Final = "file"
_UPLOADED: Final = "UPLOADED"
_FILE_ID: Final = re.compile(r"[A-Za-z0-9._~-]{1,300}")
_MOST_DEPTH: Final = 64
_MOST_PARTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file's bytes and what to call them."""

    body: bytes
    content_type: str
    file_name: str


class Files:
    """Keeps what is known of files; their bytes are the file store's."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def _store(self) -> FileStore:
        return self._ports.files

    def create(self, request: FileUploadRequest) -> FileUpload:
        """Announce a file of a workflow; return where to upload it.

        Raises:
            NotFoundError: No such workflow.
        """
        owner = self._workflow(request.workflow_id)
        if not _FILE_ID.fullmatch(owner.workflow_id):
            raise InvalidRequestError("workflowId: this workflow's id cannot own files")
        file_id = f"{owner.workflow_id}~{os.urandom(16).hex()}"
        now = self._ports.clock.now()
        handle = FileHandle(
            file_handle_id=f"{HANDLE_PREFIX}{file_id}",
            workflow_id=owner.workflow_id,
            task_id=request.task_id,
            file_name=request.file_name,
            content_type=request.content_type,
            storage_type=self._store.storage_type,
            created_at=now,
        )
        self._ports.documents.put(_KIND, file_id, handle.to_wire())
        url = self._upload_url(owner.workflow_id, file_id, handle)
        return FileUpload(
            **{name: getattr(handle, name) for name in FileHandle.model_fields},
            upload_url=url,
            upload_url_expires_at=self._expiry(),
        )

    def handle(self, workflow_id: str, file_id: str) -> FileHandle:
        """Return what is known of a file that a workflow may read; raises ForbiddenError."""
        return _handle(self._readable(workflow_id, file_id))

    def upload_url(self, workflow_id: str, file_id: str) -> FileUploadUrl:
        """Return where the owner uploads a file; raises ConflictError if it is there."""
        handle = _handle(self._pending(workflow_id, file_id))
        return FileUploadUrl(
            file_handle_id=handle.file_handle_id,
            upload_url=self._upload_url(workflow_id, file_id, handle),
            expires_at=self._expiry(),
        )

    def download_url(self, workflow_id: str, file_id: str) -> FileDownloadUrl:
        """Return where a workflow of the family downloads a file."""
        handle = self._uploaded(workflow_id, file_id)
        url = self._store.download_url(file_id, handle.file_name, seconds=URL_SECONDS)
        return FileDownloadUrl(
            file_handle_id=handle.file_handle_id,
            download_url=url or _content_path(workflow_id, file_id),
            expires_at=self._expiry(),
        )

    def write(self, workflow_id: str, file_id: str, body: bytes) -> None:
        """Store what the owner sends through the server."""
        self._pending(workflow_id, file_id)
        self._store.write(file_id, body)

    def read(self, workflow_id: str, file_id: str) -> FileContent:
        """Return a file's content for a workflow of the family."""
        handle = self._uploaded(workflow_id, file_id)
        body = self._store.read(file_id)
        return FileContent(body, handle.content_type, handle.file_name)

    def complete(self, workflow_id: str, file_id: str) -> FileUploadCompletion:
        """Note that a file has been uploaded.

        Raises:
            ConflictError: It has been noted before.
            InvalidRequestError: Nothing was uploaded.
        """
        document = self._pending(workflow_id, file_id)
        content = self._store.content(file_id)
        if content is None:
            raise InvalidRequestError("nothing has been uploaded: PUT the file at its uploadUrl")
        update = {
            "upload_status": _UPLOADED,
            "content_hash": content.content_hash,
            "content_length": content.size_bytes,
        }
        handle = _handle(document).model_copy(update=update)
        if not self._ports.documents.replace(document, handle.to_wire()):
            raise ConflictError(f"file {file_id} was changed by somebody else; try again")
        return FileUploadCompletion(
            file_handle_id=handle.file_handle_id,
            upload_status=_UPLOADED,
            content_hash=handle.content_hash,
        )

    def start_multipart(self, workflow_id: str, file_id: str) -> FileMultipart:
        """Begin an upload in parts; raises InvalidRequestError where there are none."""
        handle = _handle(self._pending(workflow_id, file_id))
        upload_id = self._store.start_multipart(file_id, handle.content_type)
        return FileMultipart(file_handle_id=handle.file_handle_id, upload_id=upload_id)

    def part_url(
        self, workflow_id: str, file_id: str, upload_id: str, number: int
    ) -> FileUploadUrl:
        """Return where the owner uploads one part."""
        if not 1 <= number <= _MOST_PARTS:
            raise InvalidRequestError(f"partNumber: expected 1 to {_MOST_PARTS}, got {number}")
        handle = _handle(self._pending(workflow_id, file_id))
        url = self._store.part_url(file_id, upload_id, number, seconds=URL_SECONDS)
        return FileUploadUrl(
            file_handle_id=handle.file_handle_id, upload_url=url, expires_at=self._expiry()
        )

    def complete_multipart(
        self, workflow_id: str, file_id: str, upload_id: str, tags: list[str]
    ) -> FileUploadCompletion:
        """Put the parts together and note that the file has been uploaded."""
        self._pending(workflow_id, file_id)
        self._store.complete_multipart(file_id, upload_id, tags)
        return self.complete(workflow_id, file_id)

    def abort_multipart(self, workflow_id: str, file_id: str, upload_id: str) -> None:
        """Forget the parts uploaded so far."""
        self._pending(workflow_id, file_id)
        self._store.abort_multipart(file_id, upload_id)

    def remove_all(self, workflow_id: str) -> None:
        """Forget the files of a workflow."""
        for document in self._ports.documents.documents(_KIND, prefix=f"{workflow_id}~"):
            self._store.remove(document.name)
            self._ports.documents.delete(_KIND, document.name)

    def _pending(self, workflow_id: str, file_id: str) -> Document:
        """Return a file that its owner may yet upload."""
        document = self._document(file_id)
        handle = _handle(document)
        if handle.workflow_id != workflow_id:
            raise ForbiddenError(f"file {file_id} belongs to another workflow than {workflow_id}")
        if handle.upload_status == _UPLOADED:
            raise ConflictError(f"file {file_id} has been uploaded already")
        return document

    def _uploaded(self, workflow_id: str, file_id: str) -> FileHandle:
        handle = _handle(self._readable(workflow_id, file_id))
        if handle.upload_status != _UPLOADED:
            raise InvalidRequestError(f"file {file_id} has not been uploaded yet")
        return handle

    def _readable(self, workflow_id: str, file_id: str) -> Document:
        document = self._document(file_id)
        owner_id = _handle(document).workflow_id
        if owner_id != workflow_id and self._root(owner_id) != self._root(workflow_id):
            raise ForbiddenError(
                f"file {file_id} belongs to a workflow that is not related to {workflow_id}"
            )
        return document

    def _document(self, file_id: str) -> Document:
        found = self._ports.documents.get(_KIND, file_id)
        if found is None:
            raise NotFoundError(f"No such file found by id: {file_id}")
        return found

    def _root(self, workflow_id: str) -> str:
        workflow = self._workflow(workflow_id)
        for _ in range(_MOST_DEPTH):
            parent_id = workflow.parent_workflow_id
            parent = None if parent_id is None else self._ports.state.workflow(parent_id)
            if parent is None:
                break
            workflow = parent
        return workflow.workflow_id

    def _workflow(self, workflow_id: str) -> WorkflowState:
        workflow = self._ports.state.workflow(workflow_id)
        if workflow is None:
            raise NotFoundError(f"No such workflow found by id: {workflow_id}")
        return workflow

    def _upload_url(self, workflow_id: str, file_id: str, handle: FileHandle) -> str:
        url = self._store.upload_url(file_id, handle.content_type, seconds=URL_SECONDS)
        return url or _content_path(workflow_id, file_id)

    def _expiry(self) -> EpochMillis:
        return self._ports.clock.now() + URL_SECONDS * 1000


def _handle(document: Document) -> FileHandle:
    return FileHandle.model_validate(document.body)


def _content_path(workflow_id: str, file_id: str) -> str:
    """Return where this server itself takes and gives a file's content."""
    return f"/api/files/content/{workflow_id}/{file_id}"
