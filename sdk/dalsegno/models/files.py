"""Files that workflows hand to each other."""

from typing import Annotated, Final

from pydantic import Field

from dalsegno.models.base import ConductorModel, EpochMillis

__all__ = [
    "FileDownloadUrl",
    "FileHandle",
    "FileMultipart",
    "FileMultipartCompletion",
    "FileUpload",
    "FileUploadCompletion",
    "FileUploadRequest",
    "FileUploadUrl",
]

_CONTENT_TYPE: Final = (
    r"^[A-Za-z0-9_!#$&^.+-]{1,100}/[A-Za-z0-9_!#$&^.+-]{1,100}( *; *[ -~]{1,200})?$"
)


class FileUploadRequest(ConductorModel):
    """Announces a file that is about to be uploaded."""

    workflow_id: Annotated[str, Field(min_length=1)]
    task_id: str | None = None
    file_name: Annotated[str, Field(min_length=1, max_length=1024)]
    content_type: Annotated[str, Field(pattern=_CONTENT_TYPE)] = "application/octet-stream"


class FileHandle(ConductorModel):
    """What is known of a file.

    Attributes:
        upload_status: PENDING, or UPLOADED.
    """

    file_handle_id: str
    workflow_id: str
    task_id: str | None = None
    file_name: str
    content_type: str
    storage_type: str
    upload_status: str = "PENDING"
    content_hash: str | None = None
    content_length: int | None = None
    created_at: EpochMillis = 0


class FileUpload(FileHandle):
    """A file that was announced, and where to upload it."""

    upload_url: str
    upload_url_expires_at: EpochMillis


class FileUploadUrl(ConductorModel):
    """Where to upload a file."""

    file_handle_id: str
    upload_url: str
    expires_at: EpochMillis


class FileDownloadUrl(ConductorModel):
    """Where to download a file."""

    file_handle_id: str
    download_url: str
    expires_at: EpochMillis


class FileUploadCompletion(ConductorModel):
    """A file that is there."""

    file_handle_id: str
    upload_status: str
    content_hash: str | None = None


class FileMultipart(ConductorModel):
    """An upload in several parts."""

    file_handle_id: str
    upload_id: str


class FileMultipartCompletion(ConductorModel):
    """The tags of all parts, in their order."""

    part_e_tags: Annotated[list[str], Field(min_length=1, alias="partETags")]
