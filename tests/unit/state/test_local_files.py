"""The bytes of files on a local server."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from dalsegno_state.external_paths import ExternalOperation
from dalsegno_state.sqlite.external import LocalExternalPayloads
from dalsegno_state.sqlite.file_contents import LocalFileStore
from tests.clock import ManualClock
from tests.race import race


def a_location(payloads: LocalExternalPayloads) -> tuple[str, ExternalOperation, int, str]:
    """Return what a location's query says."""
    path, operation = "task/output/x.json", ExternalOperation.READ
    query = parse_qs(urlsplit(payloads.location(path, operation)).query)
    return path, operation, int(query["expires"][0]), query["signature"][0]


def test_locations_are_known_to_every_server_of_a_directory(tmp_path: Path) -> None:
    clock = ManualClock()
    first, second = (LocalExternalPayloads(tmp_path / "e", clock) for _ in range(2))

    assert second.permits(*a_location(first))
    assert first.permits(*a_location(second))
    assert LocalExternalPayloads(tmp_path / "e", clock).permits(*a_location(first))
    assert not LocalExternalPayloads(tmp_path / "other", clock).permits(*a_location(first))


def test_key_that_several_make_up_at_once_is_one(tmp_path: Path) -> None:
    clock = ManualClock()
    servers = [LocalExternalPayloads(tmp_path / "e", clock) for _ in range(8)]
    locations: dict[int, tuple[str, ExternalOperation, int, str]] = {}

    def locate(number: int) -> None:
        locations[number] = a_location(servers[number])

    race(8, locate)

    assert all(server.permits(*location) for server in servers for location in locations.values())
    (key,) = (tmp_path / "e").iterdir()
    assert key.stat().st_mode & 0o777 == 0o600


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
