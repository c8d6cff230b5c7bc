"""The one place that names concrete adapters, each imported only where it is used."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dalsegno.errors import UnavailableError
from dalsegno_functions.clock import SystemClock
from dalsegno_functions.http.answer_limit import MAX_REPLY_BYTES, fitting
from dalsegno_functions.http.event import GatewayEvent
from dalsegno_functions.http.response import GatewayReply
from dalsegno_functions.http.router import Router
from dalsegno_state.engine import FOR_EVER, Engine, Retention
from dalsegno_state.engine.effects.absent import no_services
from dalsegno_state.outbound_addresses import Reach
from dalsegno_state.ports import Clock, HttpClient, HttpReply, Ports, Queues, Services

if TYPE_CHECKING:
    from dalsegno_functions.auth.gate import Callers, Gate
    from dalsegno_functions.auth.keys import AccessKeys
    from dalsegno_state.aws import AwsPorts
    from dalsegno_state.dead_letters import DeadLetters
    from dalsegno_state.sqlite import SqlitePorts

# What a function finds in its environment, and a local server does not.
# How long a script waits for an interpreter: requests leave it to the background after that.
_REQUEST_PATIENCE_SECONDS: Final = 6.0  # longer than one script runs, so that its turn comes
_PATIENCE_SECONDS: Final = 30.0
_ON_AWS: Final = "DALSEGNO_EXECUTION_TABLE"
_AUTH: Final = "DALSEGNO_AUTH"
_TOKEN_SECRET: Final = "DALSEGNO_TOKEN_SECRET"  # noqa: S105  (a name, not a value)
_IAM_ROLES: Final = "DALSEGNO_IAM_ROLES"
_JWT_ROLE_CLAIM: Final = "DALSEGNO_JWT_ROLE_CLAIM"
_JWT_ROLE_PREFIX: Final = "DALSEGNO_JWT_ROLE_PREFIX"


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """An engine on SQLite; close it when nothing uses it any more.

    Attributes:
        engine: Serves requests.
        background: Does what no request waits for; its scripts have separate interpreters.
    """

    engine: Engine
    background: Engine
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
        exchange_timeout_seconds: float,
        confidential: frozenset[str],
    ) -> HttpReply:
        """See ``HttpClient.request``."""
        return self._client.request(
            method,
            url,
            headers=headers,
            body=body,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            exchange_timeout_seconds=exchange_timeout_seconds,
            confidential=confidential,
        )


def local_engine(
    directory: Path | None, clock: Clock | None = None, *, retention: Retention = FOR_EVER
) -> LocalEngine:
    """Return an engine that keeps everything in ``directory``; in memory only, if None.

    Raises:
        DataDirectoryError: The directory cannot be used.
    """
    import sqlite3

    from dalsegno_state.sqlite import (
        DamagedDatabaseError,
        LostDatabaseError,
        SchemaVersionError,
        open_ports,
    )

    lost = (DamagedDatabaseError, LostDatabaseError, SchemaVersionError, UnavailableError)
    try:
        ports = open_ports(directory, clock or SystemClock())
    except (OSError, sqlite3.Error, *lost) as error:
        raise DataDirectoryError(f"cannot use {directory}: {error}") from error
    services = _local_services()
    made, background = (
        _engine(
            ports,
            reach=Reach(private=True, loopback=True),
            services=services,
            retention=retention,
            patience_seconds=patience_seconds,
        )
        for patience_seconds in (_REQUEST_PATIENCE_SECONDS, _PATIENCE_SECONDS)
    )
    return LocalEngine(made, background, ports)


@cache
def aws_engine() -> AwsEngine:
    """Return the engine of this Lambda function, on the resources its environment names.

    Raises:
        SettingsError: The environment lacks some of them.
    """
    from dalsegno_functions.measures import Measures
    from dalsegno_functions.observability import count
    from dalsegno_functions.observed_state import ObservedStateStore
    from dalsegno_functions.progress import Progress
    from dalsegno_functions.short_wakes import ShortWakes
    from dalsegno_state.aws import AwsSettings, open_ports, open_services

    settings = AwsSettings.from_environment()
    opened = open_ports(settings, SystemClock())
    observers = (Progress(), Measures(count), ShortWakes(opened.queues, opened.clock))
    ports = replace(opened, state=ObservedStateStore(opened.state, observers))
    made = _engine(
        ports,
        reach=reach_on_aws(),
        services=open_services(ports.clients, settings),
        retention=_retention(),
        max_answer_bytes=MAX_REPLY_BYTES,
    )
    return AwsEngine(made, ports)


def reach_on_aws() -> Reach:
    """Return what tasks may connect to from a function: never to itself, whatever is set.

    The API of Lambda's runtime listens on loopback. On an emulator that runs functions without it,
    loopback is as private as any other address.
    """
    private = os.environ.get("DALSEGNO_HTTP_ALLOW_PRIVATE") == "true"
    return Reach(private=private, loopback=private and "AWS_LAMBDA_RUNTIME_API" not in os.environ)


def outbound_http(reach: Reach) -> HttpClient:
    """Return a client for HTTP tasks that is made with the first call."""

    def client() -> HttpClient:
        from dalsegno_state.outbound_http import GuardedHttpClient

        return GuardedHttpClient(allow_private=reach.private, allow_loopback=reach.loopback)

    return _HttpClientOnDemand(client)


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
            files=ports.files,
            limits=ports.limits,
            logs=ports.logs,
            polls=ports.polls,
            secrets=ports.secrets,
            clock=ports.clock,
        ),
        reach=Reach(),
    )


@cache
def gate() -> "Gate | None":
    """Return who checks callers in this process; None if anybody may do anything.

    Raises:
        ValueError: The environment says nothing that makes sense.
    """
    mode = os.environ.get(_AUTH, "none")
    if mode == "none":
        return None
    from dalsegno_functions.auth.gate import Gate

    return Gate(_callers(mode))


def _callers(mode: str) -> "Callers":
    match mode:
        case "keys":
            return _key_callers()
        case "jwt":
            from dalsegno_functions.auth.jwt_callers import JwtCallers

            return JwtCallers(os.environ[_JWT_ROLE_CLAIM], os.environ.get(_JWT_ROLE_PREFIX, ""))
        case "iam":
            from dalsegno_functions.auth.iam_callers import IamCallers

            return IamCallers(json.loads(os.environ.get(_IAM_ROLES, "[]")))
        case _:
            raise ValueError(f"{_AUTH} is {mode!r}: nobody can be let in")


def _key_callers() -> "Callers":
    from dalsegno_functions.auth.key_callers import KeyCallers
    from dalsegno_functions.auth.tokens import Signer

    ports = aws_engine().ports
    secret = ports.clients.secrets_manager.get_secret_value(SecretId=os.environ[_TOKEN_SECRET])
    keys = access_key_table(os.environ["AWS_REGION"], os.environ["DALSEGNO_DEFINITION_TABLE"])
    return KeyCallers(keys, Signer(secret["SecretString"].encode()), ports.clock)


def access_key_table(region: str, table: str) -> "AccessKeys":
    """Return the access keys of a deployment."""
    from dalsegno_functions.auth.key_table import DynamoAccessKeys
    from dalsegno_state.aws.client import Clients
    from dalsegno_state.aws.table import Table

    return DynamoAccessKeys(Table(Clients(region), table))


def dead_letters(region: str, queue_prefix: str) -> "DeadLetters":
    """Return the dead letters of a deployment."""
    from dalsegno_state.aws.client import Clients
    from dalsegno_state.aws.dead_letters import SqsDeadLetters

    return SqsDeadLetters(Clients(region), queue_prefix)


def reply(router: Router[Engine], event: GatewayEvent) -> GatewayReply:
    """Return what a function answers a request, once its caller has been let in."""
    guard = gate()
    if guard is None:
        response = router.answer(event, engine())
    else:
        response = guard.answer(router, event, engine())
    return fitting(response, router, event)


@cache
def engine() -> Engine:
    """Return the engine of this process: on AWS in a Lambda function, else on SQLite."""
    if _ON_AWS in os.environ:
        return aws_engine().engine
    return local_engine(Path(os.environ.get("DALSEGNO_DATA", ".dalsegno"))).engine


def region_of_environment() -> str:
    """Return the AWS region that the environment names; empty if it names none."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""


def _local_services() -> Services:
    """Return what system tasks reach from a local server: AWS's sinks, if it has AWS settings."""
    services = no_services()
    region = region_of_environment()
    if not region or find_spec("botocore") is None:
        return services
    from dalsegno_state.aws import open_publisher

    return replace(services, events=open_publisher(region))


def _retention() -> Retention:
    """Return what the stack's settings say of ended executions."""
    days = int(os.environ.get("DALSEGNO_RETENTION_DAYS") or 0)
    return Retention(days=days or None, archive=os.environ.get("DALSEGNO_ARCHIVE") == "true")


def _engine(
    ports: Ports,
    *,
    reach: Reach,
    services: Services | None = None,
    retention: Retention = FOR_EVER,
    patience_seconds: float = _PATIENCE_SECONDS,
    max_answer_bytes: int | None = None,
) -> Engine:
    from dalsegno_state.sandbox import SandboxedScripts

    http = outbound_http(reach)
    services = services or no_services()
    if find_spec("confluent_kafka") is not None:
        from dalsegno_state.kafka import KafkaProducer

        services = replace(services, kafka=KafkaProducer(reach))
    return Engine(
        ports,
        SandboxedScripts(wait_seconds=patience_seconds),
        http,
        services=services,
        retention=retention,
        max_answer_bytes=max_answer_bytes,
    )
