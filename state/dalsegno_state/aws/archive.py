"""Ended executions in S3, as JSON that anybody may read without this program."""

from typing import Final

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import translated

PREFIX: Final = "archive"


class S3Archive:
    """See ``Archive``; an object each at ``archive/<name>``."""

    def __init__(self, clients: Clients, bucket: str) -> None:
        self._clients = clients
        self._bucket = bucket

    def put(self, name: str, document: bytes) -> None:
        """See ``Archive.put``."""
        with translated("archiving an execution"):
            self._clients.s3.put_object(
                Bucket=self._bucket,
                Key=f"{PREFIX}/{name}",
                Body=document,
                ContentType="application/json",
            )
