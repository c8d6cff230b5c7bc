"""Large payloads as compressed files, or in memory."""

import hashlib
import re
import shutil
import zlib
from pathlib import Path
from typing import Final

from dalsegno_state.execution import PayloadRef
from dalsegno_state.sqlite.files import flush_folder, write_atomically

_COMPRESSION_LEVEL: Final = 1  # three times faster than the default, a tenth larger
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEY: Final = re.compile(r"(?P<folder>[A-Za-z0-9_~-]+)/(?P<digest>[0-9a-f]{64})")


class FilePayloadStore:
    """See ``PayloadStore``; one file each at ``<folder>/<workflow id>/<sha256>.json.z``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, workflow_id: str, body: bytes) -> PayloadRef:
        """See ``PayloadStore.put``; on disk when this returns, complete or not at all."""
        ref = _ref(workflow_id, body)
        path = self._path(ref)
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flush_folder(self._folder.parent)
            flush_folder(self._folder)
        if not path.exists():
            write_atomically(path, zlib.compress(body, _COMPRESSION_LEVEL))
        flush_folder(path.parent)
        return ref

    def get(self, ref: PayloadRef) -> bytes:
        """See ``PayloadStore.get``."""
        try:
            return zlib.decompress(self._path(ref).read_bytes())
        except FileNotFoundError as error:
            raise KeyError(ref.key) from error

    def remove(self, workflow_id: str) -> None:
        """See ``PayloadStore.remove``."""
        shutil.rmtree(self._folder / _folder_name(workflow_id), ignore_errors=True)

    def _path(self, ref: PayloadRef) -> Path:
        match = _KEY.fullmatch(ref.key)
        if match is None:  # never made by put, and it could lead out of the folder
            raise KeyError(ref.key)
        return self._folder / match["folder"] / f"{match['digest']}.json.z"


class MemoryPayloadStore:
    """See ``PayloadStore``; forgets everything with the process."""

    def __init__(self) -> None:
        self._bodies: dict[str, bytes] = {}

    def put(self, workflow_id: str, body: bytes) -> PayloadRef:
        """See ``PayloadStore.put``."""
        ref = _ref(workflow_id, body)
        self._bodies[ref.key] = body
        return ref

    def get(self, ref: PayloadRef) -> bytes:
        """See ``PayloadStore.get``."""
        return self._bodies[ref.key]

    def remove(self, workflow_id: str) -> None:
        """See ``PayloadStore.remove``."""
        prefix = f"{_folder_name(workflow_id)}/"
        for key in [key for key in tuple(self._bodies) if key.startswith(prefix)]:
            self._bodies.pop(key, None)


def _ref(workflow_id: str, body: bytes) -> PayloadRef:
    digest = hashlib.sha256(body).hexdigest()
    return PayloadRef(key=f"{_folder_name(workflow_id)}/{digest}", size_bytes=len(body))


def _folder_name(workflow_id: str) -> str:
    """Return the id itself, or its hash if it could mean something else to the file system."""
    if _PLAIN_ID.fullmatch(workflow_id):
        return workflow_id
    return "~" + hashlib.sha256(workflow_id.encode(errors="surrogatepass")).hexdigest()
