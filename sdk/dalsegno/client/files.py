"""Files that workflows hand to each other."""

from collections.abc import Sequence
from pathlib import Path

from dalsegno.client.call import Call, path, reads, reads_bytes, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, Group, operation
from dalsegno.client.steps import Steps, procedure
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


class FileCalls:
    """Uploads files of a workflow, and downloads those of its family.

    ``file`` is a file's handle or its id.
    """

    @procedure
    def upload(
        self,
        workflow_id: str,
        content: bytes | Path,
        *,
        file_name: str | None = None,
        content_type: str = "application/octet-stream",
        task_id: str | None = None,
    ) -> Steps[FileHandle]:
        """Upload a file of a workflow, given as bytes or by its path; return its handle.

        Raises NotFoundError if there is no such workflow. One file is held in memory as a whole;
        larger ones go in parts, see ``start_multipart``.
        """
        body = content.read_bytes() if isinstance(content, Path) else content
        announced: FileUpload = yield FileCalls.announce.call(
            self,
            workflow_id,
            file_name or (content.name if isinstance(content, Path) else "file"),
            content_type=content_type,
            task_id=task_id,
        )
        yield Call(
            "PUT",
            _location(announced.upload_url),
            reads_nothing,
            body=body,
            content_type=content_type,
            repeatable=True,
        )
        file = announced.file_handle_id
        yield FileCalls.complete.call(self, workflow_id, file)
        uploaded: FileHandle = yield FileCalls.get.call(self, workflow_id, file)
        return uploaded

    @procedure
    def download(self, workflow_id: str, file: str) -> Steps[bytes]:
        """Return the content of a file, for any workflow of its owner's family.

        Raises NotFoundError, or ForbiddenError for a workflow that is not related.
        """
        found: FileDownloadUrl = yield FileCalls.download_url.call(self, workflow_id, file)
        location = _location(found.download_url)
        content: bytes = yield Call("GET", location, reads_bytes, repeatable=True)
        return content

    @operation
    def announce(
        self,
        workflow_id: str,
        file_name: str,
        *,
        content_type: str = "application/octet-stream",
        task_id: str | None = None,
    ) -> Call[FileUpload]:
        """Announce a file of a workflow; return where to PUT it. Raises NotFoundError."""
        asked = FileUploadRequest(
            workflow_id=workflow_id,
            file_name=file_name,
            content_type=content_type,
            task_id=task_id,
        )
        return Call("POST", "/files", reads(FileUpload), body=sends(asked))

    @operation
    def get(self, workflow_id: str, file: str) -> Call[FileHandle]:
        """Return what is known of a file. Raises NotFoundError, ForbiddenError."""
        return Call("GET", _file(workflow_id, file), reads(FileHandle), repeatable=True)

    @operation
    def upload_url(self, workflow_id: str, file: str) -> Call[FileUploadUrl]:
        """Return where the owner PUTs a file. Raises ConflictError if it is there."""
        where = f"{_file(workflow_id, file)}/upload-url"
        return Call("GET", where, reads(FileUploadUrl), repeatable=True)

    @operation
    def download_url(self, workflow_id: str, file: str) -> Call[FileDownloadUrl]:
        """Return where a file can be had for a minute."""
        where = f"{_file(workflow_id, file)}/download-url"
        return Call("GET", where, reads(FileDownloadUrl), repeatable=True)

    @operation
    def complete(self, workflow_id: str, file: str) -> Call[FileUploadCompletion]:
        """Tell that a file has been uploaded. Raises ConflictError if that is known."""
        where = f"{_file(workflow_id, file)}/upload-complete"
        return Call("POST", where, reads(FileUploadCompletion))

    @operation
    def start_multipart(self, workflow_id: str, file: str) -> Call[FileMultipart]:
        """Begin an upload in parts; return its id."""
        return Call("POST", f"{_file(workflow_id, file)}/multipart", reads(FileMultipart))

    @operation
    def part_url(
        self, workflow_id: str, file: str, upload_id: str, part_number: int
    ) -> Call[FileUploadUrl]:
        """Return where to PUT a part, counted from 1; its ``ETag`` is needed in the end."""
        part = path("/multipart/{}/part/{}", upload_id, part_number)
        where = f"{_file(workflow_id, file)}{part}"
        return Call("GET", where, reads(FileUploadUrl), repeatable=True)

    @operation
    def complete_multipart(
        self, workflow_id: str, file: str, upload_id: str, part_e_tags: Sequence[str]
    ) -> Call[FileUploadCompletion]:
        """Make a file of its parts."""
        where = f"{_file(workflow_id, file)}{path('/multipart/{}/complete', upload_id)}"
        body = sends(FileMultipartCompletion(part_e_tags=list(part_e_tags)))
        return Call("POST", where, reads(FileUploadCompletion), body=body)

    @operation
    def abort_multipart(self, workflow_id: str, file: str, upload_id: str) -> Call[None]:
        """Give up an upload in parts."""
        where = f"{_file(workflow_id, file)}{path('/multipart/{}', upload_id)}"
        return Call("DELETE", where, reads_nothing)


class Files(Group, FileCalls):
    """See ``FileCalls``."""


class AsyncFiles(AsyncGroup, FileCalls):
    """See ``FileCalls``; awaited."""


def _file(workflow_id: str, file: str) -> str:
    return path("/files/{}/{}", workflow_id, file.rpartition("/")[2])


def _location(url: str) -> str:
    """Return where content is: a signed URL, or a path of a server that keeps files itself."""
    return url.removeprefix("/api")
