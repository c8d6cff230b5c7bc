"""The client that is awaited."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import httpx

from dalsegno.client.connection import AsyncConnection
from dalsegno.client.definitions import AsyncDefinitions
from dalsegno.client.environment import AsyncEnvironment
from dalsegno.client.event_handlers import AsyncEventHandlers
from dalsegno.client.events import AsyncEvents
from dalsegno.client.execution import AsyncExecution
from dalsegno.client.executions import AsyncExecutions
from dalsegno.client.files import AsyncFiles
from dalsegno.client.payload import Payload
from dalsegno.client.payloads import AsyncPayloads
from dalsegno.client.queues import AsyncQueues
from dalsegno.client.retries import Retries
from dalsegno.client.schedules import AsyncSchedules
from dalsegno.client.schemas import AsyncSchemas
from dalsegno.client.secrets import AsyncSecrets
from dalsegno.client.service import AsyncService
from dalsegno.client.starting import start_call, start_request, with_key
from dalsegno.client.steps import follow_async
from dalsegno.client.tasks import AsyncTasks
from dalsegno.client.waiting import run_steps
from dalsegno.models import IdempotencyStrategy, JsonObject, WorkflowDef

T = TypeVar("T")


class AsyncDalsegno:
    """See ``Dalsegno``; everything is awaited, in one event loop."""

    def __init__(
        self,
        url: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: Retries | None = None,
    ) -> None:
        connection = AsyncConnection(url, auth, retries or Retries())
        self._connection = connection
        self.url = connection.url
        self.executions = AsyncExecutions(connection)
        self.tasks = AsyncTasks(connection)
        self.definitions = AsyncDefinitions(connection)
        self.schedules = AsyncSchedules(connection)
        self.events = AsyncEvents(connection)
        self.event_handlers = AsyncEventHandlers(connection)
        self.queues = AsyncQueues(connection)
        self.secrets = AsyncSecrets(connection)
        self.environment = AsyncEnvironment(connection)
        self.schemas = AsyncSchemas(connection)
        self.files = AsyncFiles(connection)
        self.payloads = AsyncPayloads(connection)
        self.service = AsyncService(connection)

    async def start(
        self,
        name: str,
        input: Payload | None = None,
        *,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        idempotency_strategy: IdempotencyStrategy | None = None,
        external_input_path: str | None = None,
        workflow_def: WorkflowDef | None = None,
        once: bool = True,
    ) -> AsyncExecution:
        """See ``Dalsegno.start``."""
        request = start_request(
            name,
            input,
            version=version,
            correlation_id=correlation_id,
            priority=priority,
            task_to_domain=task_to_domain,
            idempotency_key=idempotency_key,
            idempotency_strategy=idempotency_strategy,
            external_input_path=external_input_path,
            workflow_def=workflow_def,
        )
        call = start_call(with_key(request) if once else request)
        return self.execution(await self._connection.send(call))

    @overload
    async def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject: ...
    @overload
    async def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        kind: type[T],
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> T: ...
    async def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        kind: Any = JsonObject,
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """See ``Dalsegno.run``."""
        request = start_request(
            name,
            input,
            version=version,
            correlation_id=correlation_id,
            priority=priority,
            task_to_domain=task_to_domain,
            idempotency_key=idempotency_key,
            idempotency_strategy=None,
        )
        steps = run_steps(with_key(request), kind, timeout_seconds)
        return await follow_async(self._connection, steps)

    def execution(self, workflow_id: str) -> AsyncExecution:
        """See ``Dalsegno.execution``."""
        return AsyncExecution(self._connection, workflow_id)

    async def close(self) -> None:
        """Close what is open."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        """Return the client; it is closed at the end of the block."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close what is open."""
        await self.close()
