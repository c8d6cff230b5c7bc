"""Ended executions as files, or in memory."""

from pathlib import Path

from dalsegno_state.sqlite.files import flush_folder, write_atomically


class FileArchive:
    """See ``Archive``; a file each at ``<folder>/<name>``, or in memory if None.

    Attributes:
        documents: Those in memory, by their names.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self.documents: dict[str, bytes] = {}

    def put(self, name: str, document: bytes) -> None:
        """See ``Archive.put``; on disk when this returns."""
        if self._folder is None:
            self.documents[name] = document
            return
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(path, document)
        for folder in path.relative_to(self._folder).parents:
            flush_folder(self._folder / folder)
