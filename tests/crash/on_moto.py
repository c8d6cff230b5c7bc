"""The AWS adapters on moto, with a clock that tests move and a network that fails on demand."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError
from moto import mock_aws
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.scheduler.models import scheduler_backends
from moto.sqs.models import sqs_backends

from dalsegno.models import EpochMillis
from dalsegno.queue_names import name_of, sqs_name
from dalsegno_functions.observed_state import ObservedStateStore
from dalsegno_functions.short_wakes import ShortWakes
from dalsegno_functions.sweeper import sweep
from dalsegno_state.aws import AwsPorts, ports_with
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.layout import ENDED, NEVER, WORKFLOW_SK, workflow_id
from dalsegno_state.engine import EVALUATOR_QUEUE, Engine
from dalsegno_state.ports import Ports
from tests.aws.deployment import REGION, create_resources, environment, settings_of
from tests.clock import ManualClock
from tests.cloud.strict import StrictCloud, strict_cloud
from tests.crash.ports import Calls, NthCall

ACCOUNT: Final = "123456789012"  # moto's own
SETTINGS: Final = settings_of("crash")
_ATTEMPTS: Final = 8
# How late a schedule may be: EventBridge Scheduler is precise to the minute.
_SCHEDULE_LATE_MS: Final = 59_000
_KEPT_MS: Final = 14 * 86_400_000

# Requests that leave everything as it was: dying after one is dying before the next.
READS: Final = frozenset(
    {
        "dynamodb.BatchGetItem",
        "dynamodb.GetItem",
        "dynamodb.Query",
        "s3.GetObject",
        "secrets-manager.GetSecretValue",
        "sqs.GetQueueUrl",
        "ssm.GetParameter",
    }
)


class Trouble(StrEnum):
    """What may befall a request that its process survives; an outage outlasts all its retries."""

    THROTTLED = "throttled"
    ANSWER_LOST = "answer lost"
    OUTAGE = "outage"


@dataclass
class Network:
    """Stands between clients and moto: every request is a call at which the process may die.

    Attributes:
        calls: Where requests are counted.
        cloud: Refuses what AWS refuses.
        troubles: What befalls requests.
        befell: The numbers of the requests that something has befallen.
        out_until: The number of the first request after an outage.
    """

    calls: Calls = field(default_factory=Calls)
    cloud: StrictCloud = field(default_factory=lambda: strict_cloud(SETTINGS))
    troubles: Mapping[NthCall, Trouble] = field(default_factory=dict)
    befell: set[int] = field(default_factory=set)
    out_until: int = 0

    def watch(self, client: BaseClient) -> None:
        """Take moto's place at a client."""
        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register("before-send", self.carry)

    def carry(self, event_name: str, request: Any, **_context: object) -> AWSResponse:
        """Bring a request to moto and its answer back, as far as they come."""
        name = event_name.removeprefix("before-send.")
        number = len(self.calls.names)
        trouble = self._trouble_with(name, number)
        if trouble is not None:
            self.befell.add(number)
        return self.calls.make(name, lambda: self._answer(event_name, request, trouble))

    def _trouble_with(self, name: str, number: int) -> Trouble | None:
        if number < self.out_until:
            return Trouble.OUTAGE
        trouble = self.troubles.get((name, self.calls.made[name]))
        if trouble is Trouble.OUTAGE:
            self.out_until = number + _ATTEMPTS
        return trouble

    def _answer(self, event_name: str, request: Any, trouble: Trouble | None) -> AWSResponse:
        if trouble is Trouble.THROTTLED:
            return throttled(event_name.split(".")[1], request.url)
        if trouble is Trouble.OUTAGE:
            raise EndpointConnectionError(endpoint_url=request.url)
        answer = self.cloud.carry(
            event_name, request, lambda: botocore_stubber(event_name, request)
        )
        if trouble is Trouble.ANSWER_LOST:
            raise ConnectionClosedError(endpoint_url=request.url)
        return answer


def throttled(service: str, url: str) -> AWSResponse:
    """Return how a service says that there were too many requests."""
    if service == "s3":
        body = b"<Error><Code>SlowDown</Code><Message>Please reduce your rate.</Message></Error>"
        return AWSResponse(url, 503, {}, MockRawResponse(body))
    code = "ThrottlingException"
    if service == "dynamodb":
        code = "ProvisionedThroughputExceededException"
    headers = {"x-amzn-errortype": code}
    body = json.dumps({"__type": code, "message": "Rate exceeded"}).encode()
    return AWSResponse(url, 400, headers, MockRawResponse(body))


class OnMoto:
    """See ``Installation``; one at a time within ``moto``, whose state is the process's own."""

    def __init__(
        self, clock: ManualClock, troubles: Mapping[NthCall, Trouble] | None = None
    ) -> None:
        BackendDict.reset()
        self._clock = clock
        self._settings = SETTINGS
        self.network = _network()
        self.network.troubles, self.network.befell = troubles or {}, set()
        self.network.out_until = 0
        self.network.cloud = strict_cloud(self._settings)
        if troubles:  # a client has only so many retries: those of other tests are not its own
            _watched.cache_clear()
        _Time.clock = clock
        create_resources(self._settings)
        self.ports: AwsPorts = ports_with(_bystander(), self._settings, clock)
        self._evaluator_url = _bystander().sqs.create_queue(
            QueueName=sqs_name(self._settings.queue_prefix, EVALUATOR_QUEUE)
        )["QueueUrl"]

    def process(self, calls: Calls) -> Ports:
        """See ``Installation.process``; put together as in a function."""
        self.network.calls = calls
        ports = ports_with(_watched(), self._settings, self._clock)
        observers = (ShortWakes(ports.queues, self._clock),)
        return replace(ports, state=ObservedStateStore(ports.state, observers))

    def running(self, function: str) -> AbstractContextManager[None]:
        """See ``Installation.running``."""
        return self.network.cloud.running(function)

    def sweep(self, engine: Engine, ports: Ports) -> None:
        """See ``Installation.sweep``."""
        sweep(ports)

    def expect_nothing_denied(self) -> None:
        """See ``Installation.expect_nothing_denied``."""
        self.network.cloud.judge.expect_nothing_denied()
        assert not self.network.cloud.dropped, "a chain was taken for a loop"

    def workflow_ids(self) -> list[str]:
        """See ``Installation.workflow_ids``."""
        return sorted(workflow_id(item["pk"].value) for item in self._workflow_items())

    def next_wake_at(self) -> EpochMillis | None:
        """See ``Installation.next_wake_at``."""
        wakes = (
            int(item["dw"].value)
            for item in self._workflow_items()
            if "dw" in item and not item["ds"].value.startswith(ENDED)
        )
        return min((at for at in wakes if at < NEVER), default=None)

    def ready_queues(self) -> list[str]:
        """See ``Installation.ready_queues``; what schedules bring by now is among it."""
        self._fire_schedules()
        self._expire()
        return [name for name, queue in self._queues() if queue.messages]

    def next_message_at(self, but: Collection[str]) -> EpochMillis | None:
        """See ``Installation.next_message_at``."""
        shown = (
            max(message.delayed_until, message.visible_at + 1 if message.visible_at else 0)
            for name, queue in self._queues()
            if name not in but
            for message in queue._messages
        )
        times = (*shown, *self._schedules().values())
        return min((int(at) for at in times), default=None)

    def messages(self) -> list[tuple[str, str]]:
        """See ``Installation.messages``."""
        queued = [(name, m.body) for name, queue in self._queues() for m in queue._messages]
        return queued + [("a schedule", name) for name in self._schedules()]

    def forget_messages(self) -> None:
        """See ``Installation.forget_messages``."""
        for _, queue in self._queues():
            queue._messages = []
        self._group().clear()

    def held_slots(self) -> list[str]:
        """See ``Installation.held_slots``."""
        now = self._clock.now()
        return [
            holder
            for item in self._items("C#")
            for holder, until in item["h"].value.items()
            if int(until.value) > now
        ]

    def rate_limits(self) -> list[str]:
        """See ``Installation.rate_limits``."""
        backend = dynamodb_backends[ACCOUNT][REGION]
        tables = backend.tables[self._settings.definition_table].items
        return [pk.value for pk, items in tables.items() if "rate-" in pk.value and items]

    def _items(self, prefix: str) -> Iterator[dict[str, Any]]:
        """Yield the attributes of the items whose partition keys begin with a prefix."""
        backend = dynamodb_backends[ACCOUNT][REGION]
        for pk, items in backend.tables[self._settings.execution_table].items.items():
            if pk.value.startswith(prefix):
                yield from (item.attrs for item in list(items.values()))

    def _workflow_items(self) -> Iterator[dict[str, Any]]:
        return (item for item in self._items("W#") if item["sk"].value == WORKFLOW_SK)

    def _queues(self) -> list[tuple[str, Any]]:
        found = sqs_backends[ACCOUNT][REGION].queues.values()
        named = ((name_of(self._settings.queue_prefix, queue.name), queue) for queue in found)
        return [(name, queue) for name, queue in named if name is not None]

    def _expire(self) -> None:
        """Let SQS forget what it has kept for two weeks."""
        since = self._clock.now() - _KEPT_MS
        for _, queue in self._queues():
            queue._messages = [m for m in queue._messages if m.sent_timestamp > since]

    def _group(self) -> dict[str, Any]:
        groups = scheduler_backends[ACCOUNT][REGION].schedule_groups
        return groups[self._settings.schedule_group].schedules  # type: ignore[no-any-return]

    def _schedules(self) -> dict[str, EpochMillis]:
        """Return when each schedule fires."""
        return {name: _fires_at(found.schedule_expression) for name, found in self._group().items()}

    def _fire_schedules(self) -> None:
        """Have the schedules whose time has come send what they send, once."""
        for name, at in self._schedules().items():
            if at <= self._clock.now():
                target = self._group().pop(name).target
                sqs = _bystander().sqs
                sqs.send_message(QueueUrl=self._evaluator_url, MessageBody=target["Input"])


def _fires_at(expression: str) -> EpochMillis:
    at = datetime.strptime(expression, "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    return round(at.timestamp() * 1000) + _SCHEDULE_LATE_MS


class _Time:
    """The time that moto's queues go by."""

    clock = ManualClock()

    @classmethod
    def millis(cls) -> float:
        return float(cls.clock.now())

    @classmethod
    def seconds(cls) -> float:
        return cls.clock.now() / 1000


@contextmanager
def moto() -> Iterator[None]:
    """Let installations be made on moto meanwhile; nobody really sleeps before trying again."""
    with (
        mock_aws(),
        patch("moto.sqs.models.unix_time_millis", _Time.millis),
        patch("moto.sqs.models.unix_time", _Time.seconds),
        patch("time.sleep"),
    ):
        yield


@cache
def _network() -> Network:
    return Network()


@cache
def _watched() -> Clients:
    """Return clients whose requests the network carries; a session takes long to make."""
    with environment(None):
        clients = Clients(REGION, [_network().watch])
        return _made(clients)


@cache
def _bystander() -> Clients:
    """Return clients whose requests nobody counts."""
    with environment(None):
        return _made(Clients(REGION))


def _made(clients: Clients) -> Clients:
    """Return clients that have taken up the keys of the environment."""
    for name in ("dynamodb", "sqs", "s3", "scheduler", "secrets_manager", "ssm"):
        getattr(clients, name)
    return clients
