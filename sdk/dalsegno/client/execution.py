"""One execution of a workflow: what can be asked of it and done to it."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeVar, overload

from dalsegno.client.call import Call, path, reads, reads_nothing, sends
from dalsegno.client.operation import AsyncGroup, AsyncSender, Group, Sender, operation
from dalsegno.errors import ConductorError
from dalsegno.models import JsonObject, JsonValue, TaskStatus, Workflow, WorkflowStatus
from dalsegno.models.responses import WorkflowStatusResponse

T = TypeVar("T")

_FIRST_LOOK_SECONDS: Final = 0.05
_LONGEST_LOOK_SECONDS: Final = 2.0


class WorkflowFailedError(ConductorError):
    """An execution has ended without the result that was waited for.

    Attributes:
        workflow_id: Which execution.
        workflow_status: How it has ended.
        reason: Why, as far as the execution tells.
    """

    def __init__(self, workflow_id: str, status: WorkflowStatus, reason: str | None) -> None:
        super().__init__(f"workflow {workflow_id} ended {status}: {reason or 'no reason given'}")
        self.workflow_id = workflow_id
        self.workflow_status = status
        self.reason = reason


class ExecutionCalls:
    """One execution.

    Attributes:
        id: Its workflow id.
    """

    id: str

    @operation
    def get(self, *, include_tasks: bool = True) -> Call[Workflow]:
        """Return the execution. Raises NotFoundError."""
        return Call(
            "GET",
            path("/workflow/{}", self.id),
            reads(Workflow),
            query={"includeTasks": include_tasks},
            repeatable=True,
        )

    @operation
    def status(self, *, include_output: bool = False) -> Call[WorkflowStatusResponse]:
        """Return how the execution stands. Raises NotFoundError."""
        return Call(
            "GET",
            path("/workflow/{}/status", self.id),
            reads(WorkflowStatusResponse),
            query={"includeOutput": include_output},
            repeatable=True,
        )

    @operation
    def pause(self) -> Call[None]:
        """Let open tasks go on, and start nothing new."""
        return Call("PUT", path("/workflow/{}/pause", self.id), reads_nothing, repeatable=True)

    @operation
    def resume(self) -> Call[None]:
        """Go on after a pause. Raises ConflictError if it is not paused."""
        return Call("PUT", path("/workflow/{}/resume", self.id), reads_nothing)

    @operation
    def terminate(self, reason: str | None = None) -> Call[None]:
        """End the execution and cancel what is open. Raises ConflictError if it has ended."""
        return Call(
            "DELETE", path("/workflow/{}", self.id), reads_nothing, query={"reason": reason}
        )

    @operation
    def signal(
        self, output: Mapping[str, JsonValue] | None = None, status: TaskStatus | None = None
    ) -> Call[None]:
        """End the task that the execution waits at (WAIT, HUMAN, ...) with this output."""
        ended = status or TaskStatus.COMPLETED
        return Call(
            "POST",
            path("/tasks/{}/{}/signal", self.id, ended),
            reads_nothing,
            body=sends(dict(output or {})),
        )


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
            TimeoutError: It has not ended in time.
        """
        for pause in _looks(self.id, timeout_seconds):
            found = self.status(include_output=True)
            if found.status.is_terminal:
                break
            time.sleep(pause)
        reason = None if found.status is WorkflowStatus.COMPLETED else _reason(self.get())
        return _result(kind, self.id, found, reason)


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
        for pause in _looks(self.id, timeout_seconds):
            found = await self.status(include_output=True)
            if found.status.is_terminal:
                break
            await asyncio.sleep(pause)
        reason = None if found.status is WorkflowStatus.COMPLETED else _reason(await self.get())
        return _result(kind, self.id, found, reason)


def _looks(workflow_id: str, timeout_seconds: float | None) -> Iterator[float]:
    """Yield how long to wait after each look, longer and longer. Raises TimeoutError at last."""
    began_at = time.monotonic()
    pause = _FIRST_LOOK_SECONDS
    while True:
        left = None if timeout_seconds is None else began_at + timeout_seconds - time.monotonic()
        if left is not None and left <= 0:
            raise TimeoutError(f"workflow {workflow_id} has not ended in {timeout_seconds} seconds")
        yield pause if left is None else min(pause, left)
        pause = min(pause * 1.5, _LONGEST_LOOK_SECONDS)


def _reason(workflow: Workflow) -> str | None:
    return workflow.reason_for_incompletion


def _result(kind: Any, workflow_id: str, found: WorkflowStatusResponse, reason: str | None) -> Any:
    if found.status is not WorkflowStatus.COMPLETED:
        raise WorkflowFailedError(workflow_id, found.status, reason)
    return reads(kind)(sends(found.output or {}))
