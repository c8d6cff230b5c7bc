"""One execution of a workflow, of either client."""

from typing import Any, TypeVar, overload

from dalsegno.client.execution_calls import ExecutionCalls
from dalsegno.client.operation import AsyncGroup, AsyncSender, Group, Sender
from dalsegno.client.steps import follow, follow_async
from dalsegno.client.waiting import result_steps
from dalsegno.models import JsonObject

T = TypeVar("T")


class Execution(Group, ExecutionCalls):
    """See ``ExecutionCalls``."""

    def __init__(self, sender: Sender, workflow_id: str) -> None:
        super().__init__(sender)
        self.id = workflow_id

    @overload
    def result(self, *, timeout_seconds: float | None = None) -> JsonObject: ...
    @overload
    def result(self, kind: type[T], *, timeout_seconds: float | None = None) -> T: ...
    def result(self, kind: Any = JsonObject, *, timeout_seconds: float | None = None) -> Any:
        """Wait for the end; return the output as what it is asked to be.

        Raises:
            WorkflowFailedError: It ended otherwise than COMPLETED.
            StillRunningError: It has not ended in time; it goes on. A TimeoutError.
            pydantic.ValidationError: Its output is not what it is asked to be.
        """
        return follow(self._sender, result_steps(self, kind, timeout_seconds))


class AsyncExecution(AsyncGroup, ExecutionCalls):
    """See ``ExecutionCalls``; awaited."""

    def __init__(self, sender: AsyncSender, workflow_id: str) -> None:
        super().__init__(sender)
        self.id = workflow_id

    @overload
    async def result(self, *, timeout_seconds: float | None = None) -> JsonObject: ...
    @overload
    async def result(self, kind: type[T], *, timeout_seconds: float | None = None) -> T: ...
    async def result(self, kind: Any = JsonObject, *, timeout_seconds: float | None = None) -> Any:
        """See ``Execution.result``."""
        return await follow_async(self._sender, result_steps(self, kind, timeout_seconds))
