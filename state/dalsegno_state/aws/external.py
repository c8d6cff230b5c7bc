"""Payloads that clients store in S3 by themselves, with URLs that are signed for them."""

from typing import Final

from botocore.exceptions import ClientError

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, translated
from dalsegno_state.external_paths import ExternalOperation, is_path

PREFIX: Final = "external"
_VALID_SECONDS: Final = 300
_CONTENT_TYPE: Final = "application/json"


class S3ExternalPayloads:
    """See ``ExternalPayloads``; an object each at ``external/<path>``, as the client sent it.

    A location is good for no longer than the credentials it was signed with.
    """

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def location(self, path: str, operation: ExternalOperation) -> str:
        """See ``ExternalPayloads.location``; a PUT must say that it sends JSON."""
        named = {"Bucket": self._bucket, "Key": _key(path)}
        if operation is ExternalOperation.READ:
            method, params = "get_object", named
        else:
            method, params = "put_object", {**named, "ContentType": _CONTENT_TYPE}
        return self._clients.s3.generate_presigned_url(
            method, Params=params, ExpiresIn=_VALID_SECONDS
        )

    def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """See ``ExternalPayloads.read``."""
        with translated("reading an external payload"):
            try:
                reply = self._clients.s3.get_object(Bucket=self._bucket, Key=_key(path))
            except ClientError as error:
                if code_of(error) == "NoSuchKey":
                    raise KeyError(path) from error
                raise
            if reply["ContentLength"] > max_bytes:
                reply["Body"].close()
                return None
            return reply["Body"].read()

    def remove(self, path: str) -> None:
        """See ``ExternalPayloads.remove``."""
        with translated("removing an external payload"):
            self._clients.s3.delete_object(Bucket=self._bucket, Key=_key(path))


def _key(path: str) -> str:
    if not is_path(path):  # it could be another's object
        raise ValueError(f"not a path of an external payload: {path[:200]!r}")
    return f"{PREFIX}/{path}"
