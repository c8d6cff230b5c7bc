"""The fixtures of tests that run the system as its users do."""

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
