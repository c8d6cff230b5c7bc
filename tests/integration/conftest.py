"""The fixtures of tests that speak HTTP to a local server."""

from tests.http_fixtures import (
    _client,
    a_name,
    api,
    cli,
    register,
    running_server,
    server_url,
    start,
    work,
)

__all__ = [
    "_client",
    "a_name",
    "api",
    "cli",
    "register",
    "running_server",
    "server_url",
    "start",
    "work",
]
