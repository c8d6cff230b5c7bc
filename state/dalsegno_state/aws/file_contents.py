"""The bytes of files in S3; clients put and fetch them there themselves."""

from typing import ClassVar, Final, NoReturn
from urllib.parse import quote

from botocore.exceptions import ClientError

from dalsegno.errors import InvalidRequestError
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated
from dalsegno_state.ports import StoredContent

_PREFIX: Final = "files"
_BAD_UPLOAD: Final = frozenset(
    {"NoSuchUpload", "InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"}
)


class S3FileStore:
    """See ``FileStore``; an object each at ``files/<key>``."""

    storage_type: ClassVar[str] = "S3"

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def upload_url(self, key: str, content_type: str, *, seconds: int) -> str:
        """See ``FileStore.upload_url``; the PUT must name this content type."""
        params = {**self._object(key), "ContentType": content_type}
        return self._clients.s3.generate_presigned_url(
            "put_object", Params=params, ExpiresIn=seconds
        )

    def download_url(self, key: str, file_name: str, *, seconds: int) -> str:
        """See ``FileStore.download_url``."""
        disposition = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
        params = {**self._object(key), "ResponseContentDisposition": disposition}
        return self._clients.s3.generate_presigned_url(
            "get_object", Params=params, ExpiresIn=seconds
        )

    def write(self, key: str, body: bytes) -> None:
        """See ``FileStore.write``."""
        _refuse_content()

    def read(self, key: str) -> bytes:
        """See ``FileStore.read``."""
        _refuse_content()

    def content(self, key: str) -> StoredContent | None:
        """See ``FileStore.content``; its hash is S3's entity tag."""
        with translated("looking at a file"):
            try:
                head = self._clients.s3.head_object(Bucket=self._bucket, Key=_key(key))
            except ClientError as error:
                if code_of(error) in {"404", "NoSuchKey"}:
                    return None
                raise
        return StoredContent(size_bytes=head["ContentLength"], content_hash=head["ETag"].strip('"'))

    def remove(self, key: str) -> None:
        """See ``FileStore.remove``."""
        with translated("removing a file"):
            self._clients.s3.delete_object(Bucket=self._bucket, Key=_key(key))

    def start_multipart(self, key: str, content_type: str) -> str:
        """See ``FileStore.start_multipart``."""
        with translated("starting an upload"):
            return self._clients.s3.create_multipart_upload(
                Bucket=self._bucket, Key=_key(key), ContentType=content_type
            )["UploadId"]

    def part_url(self, key: str, upload_id: str, number: int, *, seconds: int) -> str:
        """See ``FileStore.part_url``."""
        params = {**self._object(key), "UploadId": upload_id, "PartNumber": number}
        return self._clients.s3.generate_presigned_url(
            "upload_part", Params=params, ExpiresIn=seconds
        )

    def complete_multipart(self, key: str, upload_id: str, tags: list[str]) -> None:
        """See ``FileStore.complete_multipart``."""
        parts = [{"ETag": tag, "PartNumber": n} for n, tag in enumerate(tags, start=1)]
        with translated("completing an upload"):
            try:
                self._clients.s3.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=_key(key),
                    UploadId=upload_id,
                    MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]  # of literals
                )
            except ClientError as error:
                if code_of(error) not in _BAD_UPLOAD:
                    raise
                raise InvalidRequestError(f"partETags: S3 refuses them: {error}") from error

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """See ``FileStore.abort_multipart``."""
        with translated("aborting an upload"):
            try:
                self._clients.s3.abort_multipart_upload(
                    Bucket=self._bucket, Key=_key(key), UploadId=upload_id
                )
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise

    def _object(self, key: str) -> dict[str, object]:
        return {"Bucket": self._bucket, "Key": _key(key)}


def _key(key: str) -> str:
    return f"{_PREFIX}/{key}"


def _refuse_content() -> NoReturn:
    raise InvalidRequestError("files are kept in S3: ask for an uploadUrl or a downloadUrl")
