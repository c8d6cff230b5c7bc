"""The bytes of files in a folder, or in memory; they come and go through this server."""

import hashlib
from pathlib import Path
from typing import ClassVar, NoReturn

from dalsegno.errors import InvalidRequestError
from dalsegno_state.ports import StoredContent
from dalsegno_state.sqlite.files import flush_folder, write_atomically


class LocalFileStore:
    """See ``FileStore``; a file each at ``<folder>/<key>``, or in memory if None."""

    storage_type: ClassVar[str] = "CONDUCTOR"

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._bodies: dict[str, bytes] = {}

    def upload_url(self, key: str, content_type: str, *, seconds: int) -> None:
        """See ``FileStore.upload_url``."""

    def download_url(self, key: str, file_name: str, *, seconds: int) -> None:
        """See ``FileStore.download_url``."""

    def write(self, key: str, body: bytes) -> None:
        """See ``FileStore.write``; on disk when this returns."""
        if self._folder is None:
            self._bodies[key] = body
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(self._path(key), body)
        flush_folder(self._folder)

    def read(self, key: str) -> bytes:
        """See ``FileStore.read``."""
        if self._folder is None:
            return self._bodies[key]
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as error:
            raise KeyError(key) from error

    def content(self, key: str) -> StoredContent | None:
        """See ``FileStore.content``; its hash is SHA-256."""
        try:
            body = self.read(key)
        except KeyError:
            return None
        return StoredContent(size_bytes=len(body), content_hash=hashlib.sha256(body).hexdigest())

    def remove(self, key: str) -> None:
        """See ``FileStore.remove``."""
        self._bodies.pop(key, None)
        if self._folder is not None:
            self._path(key).unlink(missing_ok=True)

    def start_multipart(self, key: str, content_type: str) -> str:
        """See ``FileStore.start_multipart``."""
        _refuse_parts()

    def part_url(self, key: str, upload_id: str, number: int, *, seconds: int) -> str:
        """See ``FileStore.part_url``."""
        _refuse_parts()

    def complete_multipart(self, key: str, upload_id: str, tags: list[str]) -> None:
        """See ``FileStore.complete_multipart``."""
        _refuse_parts()

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """See ``FileStore.abort_multipart``."""
        _refuse_parts()

    def _path(self, key: str) -> Path:
        """Return where a file is kept; a hash, so that no key leads out of the folder."""
        return Path(self._folder or "") / hashlib.sha256(key.encode()).hexdigest()


def _refuse_parts() -> NoReturn:
    raise InvalidRequestError("this server takes no uploads in parts: PUT the file as a whole")
