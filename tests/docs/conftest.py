"""A server for the examples."""

from collections.abc import Iterator

import pytest

from tests.local_server import running_server


@pytest.fixture(scope="module")
def server_url() -> Iterator[str]:
    with running_server(None) as url:
        yield url
