"""The two clients: one that blocks, one that is awaited."""

from collections.abc import Mapping
from functools import cached_property
from types import TracebackType
from typing import Any, Self

import httpx

from dalsegno.client.connection import AsyncConnection, Connection
from dalsegno.client.execution import AsyncExecution, Execution
from dalsegno.client.retries import Retries
from dalsegno.client.starting import start_call
from dalsegno.client.tasks import AsyncTasks, Tasks
from dalsegno.models import JsonValue, StartWorkflowRequest


class Dalsegno:
    """A client of the API, for any number of threads; connects when first used.

    Args:
        url: Of the server, with or without ``/api``; ``DALSEGNO_URL`` or ``CONDUCTOR_SERVER_URL``
            if absent, else a server on this machine.
        auth: ``KeyAuth``, ``TokenAuth`` or ``IamAuth``; the access key in
            ``CONDUCTOR_AUTH_KEY`` and ``CONDUCTOR_AUTH_SECRET`` if absent, if there is one.
        retries: When requests that failed are made again.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._connection = Connection(url, auth, retries or Retries())
        self.url = self._connection.url

    def start(
        self, name: str, input: Mapping[str, JsonValue] | None = None, **options: Any
    ) -> Execution:
        """Start a workflow by name; return its execution.

        Args:
            name: Of the workflow.
            input: Of the workflow.
            options: ``version``, ``correlation_id``, ``priority``, ``task_to_domain``,
                ``idempotency_key``, ``idempotency_strategy``, ``workflow_def``.
        """
        request = StartWorkflowRequest(name=name, input=dict(input or {}), **options)
        return self.execution(self._connection.send(start_call(request)))

    def execution(self, workflow_id: str) -> Execution:
        """Return an execution that was started before, without asking whether there is one."""
        return Execution(self._connection, workflow_id)

    @cached_property
    def tasks(self) -> Tasks:
        """What workers take and report."""
        return Tasks(self._connection)

    def close(self) -> None:
        """Close what is open."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the client; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close what is open."""
        self.close()


class AsyncDalsegno:
    """See ``Dalsegno``; everything is awaited, in one event loop."""

    def __init__(
        self,
        url: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: Retries | None = None,
    ) -> None:
        self._connection = AsyncConnection(url, auth, retries or Retries())
        self.url = self._connection.url

    async def start(
        self, name: str, input: Mapping[str, JsonValue] | None = None, **options: Any
    ) -> AsyncExecution:
        """See ``Dalsegno.start``."""
        request = StartWorkflowRequest(name=name, input=dict(input or {}), **options)
        return self.execution(await self._connection.send(start_call(request)))

    def execution(self, workflow_id: str) -> AsyncExecution:
        """See ``Dalsegno.execution``."""
        return AsyncExecution(self._connection, workflow_id)

    @cached_property
    def tasks(self) -> AsyncTasks:
        """What workers take and report."""
        return AsyncTasks(self._connection)

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
