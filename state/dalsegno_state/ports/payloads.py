"""What is too large for an item: payloads, archives, files."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

from dalsegno.errors import InvalidRequestError
from dalsegno_state.execution import PayloadRef
from dalsegno_state.external_paths import ExternalOperation


class PayloadStore(Protocol):
    """JSON objects too large for an item."""

    def put(self, workflow_id: str, body: bytes) -> PayloadRef:
        """Keep a body under a key made from its content; repeating it is harmless."""
        ...

    def get(self, ref: PayloadRef) -> bytes:
        """Return a body; raises KeyError if it is gone."""
        ...

    def remove(self, workflow_id: str) -> None:
        """Forget all payloads of a workflow."""
        ...


class ExternalPayloads(Protocol):
    """JSON objects that clients store and fetch by themselves, at ``external_paths``.

    Every method raises ValueError for any other path.
    """

    def location(self, path: str, operation: ExternalOperation) -> str:
        """Return a URL that is good for this path and operation alone, and for some minutes.

        It is relative if this server itself serves it.
        """
        ...

    def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """Return what is stored, None if it is longer; raises KeyError if there is nothing."""
        ...

    def remove(self, path: str) -> None:
        """Forget what is stored; absent is fine."""
        ...


class Archive(Protocol):
    """Ended executions, as documents for whoever wants to look at them much later."""

    def put(self, name: str, document: bytes) -> None:
        """Keep a document under a name, whose parts are told apart by slashes; it may replace one.

        It is durable when this returns.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredContent:
    """What is known of a file's bytes without reading them.

    Attributes:
        content_hash: Another for other bytes; by which method, the store decides.
    """

    size_bytes: int
    content_hash: str


class FileStore(Protocol):
    """The bytes of files, by keys of letters, digits, ``.``, ``-``, ``_`` and ``~``.

    Attributes:
        storage_type: Conductor's name of it: ``S3``, or ``CONDUCTOR`` for this server.
    """

    storage_type: ClassVar[str]

    def upload_url(self, key: str, content_type: str, *, seconds: int) -> str | None:
        """Return where to PUT a file; None if it is to be sent through this server."""
        ...

    def download_url(self, key: str, file_name: str, *, seconds: int) -> str | None:
        """Return where to GET a file; None if it is to be had from this server."""
        ...

    def write(self, key: str, body: bytes) -> None:
        """Store a file that came through this server; raises InvalidRequestError if none may."""
        ...

    def read(self, key: str) -> bytes:
        """Return a file that goes through this server; raises KeyError, InvalidRequestError."""
        ...

    def content(self, key: str) -> StoredContent | None:
        """Return what is stored, or None."""
        ...

    def remove(self, key: str) -> None:
        """Forget a file; absent is fine."""
        ...

    def start_multipart(self, key: str, content_type: str) -> str:
        """Return the id of an upload in parts; raises InvalidRequestError if there are none."""
        ...

    def part_url(self, key: str, upload_id: str, number: int, *, seconds: int) -> str:
        """Return where to PUT a part; raises InvalidRequestError if there are none."""
        ...

    def complete_multipart(self, key: str, upload_id: str, tags: list[str]) -> None:
        """Make a file of its parts; raises InvalidRequestError if the tags are not theirs."""
        ...

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Forget the parts of an upload; absent is fine."""
        ...


class NotJsonError(InvalidRequestError, ValueError):
    """A value is not stored: it holds what JSON cannot tell, or is nested too deeply."""
