"""The one place that names concrete adapters, each imported only where it is used."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dalsegno_functions.clock import SystemClock
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import Response
from dalsegno_functions.http.router import Router
from dalsegno_state.engine import FOR_EVER, Engine, Retention
from dalsegno_state.ports import Clock, HttpClient, HttpReply, Ports, Queues

if TYPE_CHECKING:
    from dalsegno_functions.auth.gate import Gate
    from dalsegno_functions.auth.keys import AccessKeys
    from dalsegno_state.aws import AwsPorts
    from dalsegno_state.sqlite import SqlitePorts

# What a function finds in its environment, and a local server does not.
_ON_AWS: Final = "DALSEGNO_EXECUTION_TABLE"
_AUTH: Final = "DALSEGNO_AUTH"
_TOKEN_SECRET: Final = "DALSEGNO_TOKEN_SECRET"  # noqa: S105  (a name, not a value)


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """An engine on SQLite; close it when nothing uses it any more."""

    engine: Engine
    ports: "SqlitePorts"

    @property
    def queues(self) -> Queues:
        """Where the background work comes from."""
        return self.ports.queues

    def close(self) -> None:
        """Close the database; everything acknowledged is stored already."""
        self.ports.close()


@dataclass(frozen=True, slots=True)
class AwsEngine:
    """An engine on AWS, for as long as its function lives."""

    engine: Engine
    ports: "AwsPorts"


class DataDirectoryError(Exception):
    """The data directory cannot be used: not writable, not ours, or of a newer version."""


class _HttpClientOnDemand:
    """``HttpClient`` made with the first call: most functions make none, and it loads slowly."""

    def __init__(self, make: Callable[[], HttpClient]) -> None:
        self._make = make

    @cached_property
    def _client(self) -> HttpClient:
        return self._make()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
    ) -> HttpReply:
        """See ``HttpClient.request``."""
        return self._client.request(
            method,
            url,
            headers=headers,
            body=body,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
        )


def local_engine(
    directory: Path | None, clock: Clock | None = None, *, retention: Retention = FOR_EVER
) -> LocalEngine:
    """Return an engine that keeps everything in ``directory``; in memory only, if None.

    Raises:
        DataDirectoryError: The directory cannot be used.
    """
    import sqlite3

    from dalsegno_state.sqlite import SchemaVersionError, open_ports

    try:
        ports = open_ports(directory, clock or SystemClock())
    except (OSError, SchemaVersionError, sqlite3.Error) as error:
        raise DataDirectoryError(f"cannot use {directory}: {error}") from error
    return LocalEngine(_engine(ports, allow_private=True, retention=retention), ports)


@cache
def aws_engine() -> AwsEngine:
    """Return the engine of this Lambda function, on the resources its environment names.

    Raises:
        SettingsError: The environment lacks some of them.
    """
    from dalsegno_functions.measures import Measures
    from dalsegno_functions.observability import count
    from dalsegno_functions.observed_state import ObservedStateStore
    from dalsegno_functions.short_wakes import ShortWakes
    from dalsegno_state.aws import AwsSettings, open_ports

    opened = open_ports(AwsSettings.from_environment(), SystemClock())
    observers = (Measures(count), ShortWakes(opened.queues, opened.clock))
    ports = replace(opened, state=ObservedStateStore(opened.state, observers))
    allow_private = os.environ.get("DALSEGNO_HTTP_ALLOW_PRIVATE") == "true"
    return AwsEngine(_engine(ports, allow_private=allow_private, retention=_retention()), ports)


def worker_engine(queues: Queues) -> Engine:
    """Return this function's engine with ``queues`` in place of its own."""
    ports = aws_engine().ports
    return _engine(
        Ports(
            state=ports.state,
            definitions=ports.definitions,
            documents=ports.documents,
            queues=queues,
            payloads=ports.payloads,
            external=ports.external,
            archive=ports.archive,
            limits=ports.limits,
            logs=ports.logs,
            polls=ports.polls,
            secrets=ports.secrets,
            clock=ports.clock,
        ),
        allow_private=False,
    )


@cache
def gate() -> "Gate | None":
    """Return who checks callers in this process; None if nobody does, or did it before."""
    if os.environ.get(_AUTH) != "keys":
        return None
    from dalsegno_functions.auth.gate import Gate
    from dalsegno_functions.auth.tokens import Signer

    ports = aws_engine().ports
    secret = ports.clients.secrets_manager.get_secret_value(SecretId=os.environ[_TOKEN_SECRET])
    keys = access_key_table(os.environ["AWS_REGION"], os.environ["DALSEGNO_DEFINITION_TABLE"])
    return Gate(keys, Signer(secret["SecretString"].encode()), ports.clock)


def access_key_table(region: str, table: str) -> "AccessKeys":
    """Return the access keys of a deployment."""
    from dalsegno_functions.auth.key_table import DynamoAccessKeys
    from dalsegno_state.aws.client import Clients
    from dalsegno_state.aws.table import Table

    return DynamoAccessKeys(Table(Clients(region), table))


def answer(router: Router[Engine], event: GatewayEvent) -> Response:
    """Return the answer to a request, once whoever it comes from has been let in."""
    guard = gate()
    if guard is None:
        return router.answer(event, engine())
    return guard.answer(router, event, engine())


@cache
def engine() -> Engine:
    """Return the engine of this process: on AWS in a Lambda function, else on SQLite."""
    if _ON_AWS in os.environ:
        return aws_engine().engine
    return local_engine(Path(os.environ.get("DALSEGNO_DATA", ".dalsegno"))).engine


def _retention() -> Retention:
    """Return what the stack's settings say of ended executions."""
    days = int(os.environ.get("DALSEGNO_RETENTION_DAYS") or 0)
    return Retention(days=days or None, archive=os.environ.get("DALSEGNO_ARCHIVE") == "true")


def _engine(ports: Ports, *, allow_private: bool, retention: Retention = FOR_EVER) -> Engine:
    from dalsegno_state.sandbox import SandboxedScripts

    def client() -> HttpClient:
        from dalsegno_state.outbound_http import GuardedHttpClient

        return GuardedHttpClient(allow_private=allow_private)

    return Engine(ports, SandboxedScripts(), _HttpClientOnDemand(client), retention=retention)
