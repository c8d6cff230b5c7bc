"""Files in S3: signed URLs, and uploads in parts."""

from urllib.parse import parse_qs, urlsplit

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.file_contents import S3FileStore

KEY = "w1~abc"


@pytest.fixture
def files(ports: AwsPorts) -> S3FileStore:
    assert isinstance(ports.files, S3FileStore)
    return ports.files


def put(ports: AwsPorts, files: S3FileStore, body: bytes) -> None:
    ports.clients.s3.put_object(Bucket=files._bucket, Key=f"files/{KEY}", Body=body)


def test_urls_are_signed_for_one_file_and_for_a_minute(files: S3FileStore) -> None:
    for url in (
        files.upload_url(KEY, "text/plain", seconds=60),
        files.download_url(KEY, "käse.txt", seconds=60),
        files.part_url(KEY, "upload-1", 3, seconds=60),
    ):
        parts = urlsplit(url)
        assert parts.path.endswith("/files/w1~abc")
        query = parse_qs(parts.query)
        assert "Signature" in query or "X-Amz-Signature" in query


def test_content_is_told_once_it_is_there(ports: AwsPorts, files: S3FileStore) -> None:
    assert files.content(KEY) is None
    put(ports, files, b"12345")

    content = files.content(KEY)

    assert content is not None
    assert content.size_bytes == 5
    files.remove(KEY)
    files.remove(KEY)
    assert files.content(KEY) is None


def test_upload_in_parts(ports: AwsPorts, files: S3FileStore) -> None:
    upload_id = files.start_multipart(KEY, "text/plain")
    part = ports.clients.s3.upload_part(
        Bucket=files._bucket, Key=f"files/{KEY}", UploadId=upload_id, PartNumber=1, Body=b"123"
    )

    files.complete_multipart(KEY, upload_id, [part["ETag"]])

    content = files.content(KEY)
    assert content is not None
    assert content.size_bytes == 3


def test_parts_that_s3_does_not_know_are_refused(files: S3FileStore) -> None:
    upload_id = files.start_multipart(KEY, "text/plain")

    with pytest.raises(InvalidRequestError, match="partETags"):
        files.complete_multipart(KEY, upload_id, ["abc"])

    files.abort_multipart(KEY, upload_id)
    files.abort_multipart(KEY, upload_id)


def test_content_does_not_go_through_the_server(files: S3FileStore) -> None:
    with pytest.raises(InvalidRequestError, match="uploadUrl"):
        files.write(KEY, b"x")
    with pytest.raises(InvalidRequestError, match="downloadUrl"):
        files.read(KEY)
