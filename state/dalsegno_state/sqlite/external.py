"""Payloads that clients store by themselves, through this server: files, or in memory."""

import hmac
import os
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from dalsegno_state.external_paths import LOCATION, ExternalOperation, is_path
from dalsegno_state.ports import Clock
from dalsegno_state.sqlite.files import flush_folder, write_atomically, write_once

_VALID_MS: Final = 300_000
_KEY_BYTES: Final = 32
# No path of a payload: these have a folder.
_KEY_NAME: Final = "signing.key"


class LocalExternalPayloads:
    """See ``ExternalPayloads``; a file each at ``<folder>/<path>``, or in memory if None.

    Locations are signed with a key that is kept in the folder, so that every server of it, now and
    after a restart, knows them as its own; in memory they end with the process.
    """

    def __init__(self, folder: Path | None, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._made_up = os.urandom(_KEY_BYTES)
        self._bodies: dict[str, bytes] = {}

    def location(self, path: str, operation: ExternalOperation) -> str:
        """See ``ExternalPayloads.location``."""
        expires = self._clock.now() + _VALID_MS
        signature = self._signature(_checked(path), operation, expires)
        query = {
            "path": path,
            "operation": operation.value,
            "expires": expires,
            "signature": signature,
        }
        return f"{LOCATION}?{urlencode(query)}"

    def permits(self, path: str, operation: ExternalOperation, expires: int, sign: str) -> bool:
        """Return whether somebody was told this very location, not too long ago."""
        expected = self._signature(path, operation, expires)
        return hmac.compare_digest(expected, sign) and expires >= self._clock.now()

    def write(self, path: str, body: bytes) -> None:
        """Store what a client sends to its location; on disk when this returns."""
        _checked(path)
        if self._folder is None:
            self._bodies[path] = body
            return
        file = self._folder / path
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(file, body)
        flush_folder(file.parent)

    def read(self, path: str, *, max_bytes: int) -> bytes | None:
        """See ``ExternalPayloads.read``."""
        body = self._body(_checked(path), max_bytes + 1)
        return None if len(body) > max_bytes else body

    def remove(self, path: str) -> None:
        """See ``ExternalPayloads.remove``."""
        _checked(path)
        self._bodies.pop(path, None)
        if self._folder is not None:
            (self._folder / path).unlink(missing_ok=True)

    def _body(self, path: str, count: int) -> bytes:
        if self._folder is None:
            return self._bodies[path]
        try:
            with (self._folder / path).open("rb") as file:
                return file.read(count)
        except FileNotFoundError as error:
            raise KeyError(path) from error

    def _signature(self, path: str, operation: ExternalOperation, expires: int) -> str:
        signed = f"{operation.value}\n{expires}\n{path}".encode()
        return hmac.new(self._key, signed, sha256).hexdigest()

    @cached_property
    def _key(self) -> bytes:
        """The key of the folder; the first process that needs one makes it up."""
        if self._folder is None:
            return self._made_up
        file = self._folder / _KEY_NAME
        try:
            return file.read_bytes()
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_once(file, self._made_up)
            flush_folder(self._folder)
            return file.read_bytes()


def _checked(path: str) -> str:
    if not is_path(path):  # it could lead out of the folder
        raise ValueError(f"not a path of an external payload: {path[:200]!r}")
    return path
