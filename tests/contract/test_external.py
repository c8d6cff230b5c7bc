"""What every ``ExternalPayloads`` promises."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from dalsegno_state.external_paths import ExternalOperation, PayloadType, new_path
from dalsegno_state.ports import ExternalPayloads, Ports
from dalsegno_state.sqlite.external import LocalExternalPayloads

PATH = new_path(PayloadType.TASK_OUTPUT, bytes(range(16)))
BODY = b'{"text": "' + b"x" * 100_000 + b'"}'
READ, WRITE = ExternalOperation.READ, ExternalOperation.WRITE
MANY = 10_000_000


@pytest.fixture
def external(ports: Ports) -> ExternalPayloads:
    return ports.external


def _put(external: ExternalPayloads, location: str, body: bytes) -> bool:
    """Put a payload where a client would; return whether it was taken in."""
    if isinstance(external, LocalExternalPayloads):
        asked = {key: values[0] for key, values in parse_qs(urlsplit(location).query).items()}
        if not external.permits(asked["path"], WRITE, int(asked["expires"]), asked["signature"]):
            return False
        external.write(asked["path"], body)
        return True
    headers = {"content-type": "application/json"}
    return requests.put(location, body, headers=headers, timeout=10).ok


def test_what_a_client_puts_at_its_location_is_read(external: ExternalPayloads) -> None:
    assert _put(external, external.location(PATH, WRITE), BODY)

    assert external.read(PATH, max_bytes=MANY) == BODY


def test_a_client_may_put_again_until_it_is_content(external: ExternalPayloads) -> None:
    location = external.location(PATH, WRITE)

    assert _put(external, location, BODY)
    assert _put(external, location, b"{}")

    assert external.read(PATH, max_bytes=MANY) == b"{}"


def test_what_is_longer_than_wanted_is_not_read(external: ExternalPayloads) -> None:
    _put(external, external.location(PATH, WRITE), BODY)

    assert external.read(PATH, max_bytes=len(BODY)) == BODY
    assert external.read(PATH, max_bytes=len(BODY) - 1) is None


def test_what_is_not_there_raises_key_error(external: ExternalPayloads) -> None:
    with pytest.raises(KeyError):
        external.read(PATH, max_bytes=MANY)


def test_removing_forgets_it(external: ExternalPayloads) -> None:
    _put(external, external.location(PATH, WRITE), BODY)

    for _ in range(2):
        external.remove(PATH)

    with pytest.raises(KeyError):
        external.read(PATH, max_bytes=MANY)


def test_locations_tell_operations_and_paths_apart(external: ExternalPayloads) -> None:
    other = new_path(PayloadType.TASK_OUTPUT, bytes(16))

    locations = {external.location(path, o) for path in (PATH, other) for o in (READ, WRITE)}

    assert len(locations) == 4


@pytest.mark.parametrize(
    "path",
    [
        "",
        "workflow/input/",
        "workflow/input/..",
        "workflow/input/../../payloads/w1/x",
        "../workflow/input/a.json",
        "/etc/passwd",
        "task/input/a/b.json",
        "payloads/w1/abc",
        "workflow/input/a\n.json",
        "workflow/input/" + "a" * 201,
    ],
)
def test_no_other_path_is_touched(external: ExternalPayloads, path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        external.location(path, WRITE)
    with pytest.raises(ValueError, match="not a path"):
        external.read(path, max_bytes=MANY)
    with pytest.raises(ValueError, match="not a path"):
        external.remove(path)
