"""Named values in SQLite."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from dalsegno_state.sqlite import SqlitePorts, open_ports
from tests.clock import ManualClock


@pytest.fixture
def ports() -> Iterator[SqlitePorts]:
    with closing(open_ports(None, ManualClock())) as opened:
        yield opened


def test_secrets_and_environment_are_apart(ports: SqlitePorts) -> None:
    ports.secrets.put_secret("a", "hidden")
    ports.secrets.put_environment("a", {"shown": [1, None]})

    assert ports.secrets.secret("a") == "hidden"
    assert ports.secrets.environment("a") == {"shown": [1, None]}
    assert ports.secrets.secret("b") is None
    assert ports.secrets.environment("b") is None


def test_values_are_replaced_listed_and_deleted(ports: SqlitePorts) -> None:
    secrets = ports.secrets
    for name, value in (("b", "1"), ("a", "2"), ("b", "3")):
        secrets.put_secret(name, value)
        secrets.put_environment(name, value)

    assert secrets.secret_names() == ["a", "b"]
    assert secrets.environment_values() == {"a": "2", "b": "3"}
    assert secrets.delete_secret("a")
    assert not secrets.delete_secret("a")
    assert secrets.delete_environment("b")
    assert not secrets.delete_environment("b")
    assert secrets.secret_names() == ["b"]
    assert secrets.environment_values() == {"a": "2"}
