"""The bytes of files on a local server."""

from pathlib import Path

import pytest

from dalsegno_state.sqlite.file_contents import LocalFileStore


@pytest.mark.parametrize("key", ["w1~abc", "../../etc/passwd", "a/b"])
def test_files_are_kept_inside_their_folder(tmp_path: Path, key: str) -> None:
    folder = tmp_path / "files"
    store = LocalFileStore(folder)

    store.write(key, b"1")
    store.write(key, b"22")

    assert LocalFileStore(folder).read(key) == b"22"
    assert len(list(folder.iterdir())) == 1
    assert list(tmp_path.iterdir()) == [folder]
    store.remove(key)
    store.remove(key)
    assert store.content(key) is None
    with pytest.raises(KeyError):
        store.read(key)
