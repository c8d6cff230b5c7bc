"""Files that are there as a whole, or not at all, whatever happens meanwhile."""

import os
import secrets
import tempfile
from pathlib import Path

from dalsegno_state.sqlite.failures import translated


def write_atomically(path: Path, body: bytes) -> None:
    """Store a file on disk, in place of one of its name; its folder is flushed by the caller."""
    with translated():
        _write_atomically(path, body)


def write_once(path: Path, body: bytes) -> None:
    """Store a file on disk unless there is one of its name; its folder is flushed by the caller."""
    new = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(8)}")
    with translated():
        try:
            _write_atomically(new, body)
            try:
                os.link(new, path)
            except FileExistsError:
                return
            except OSError:  # a file system without links
                new.replace(path)
        finally:
            new.unlink(missing_ok=True)


def _write_atomically(path: Path, body: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def flush_folder(folder: Path) -> None:
    """Make the names in a folder durable; a renamed file could vanish in a power cut else."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
