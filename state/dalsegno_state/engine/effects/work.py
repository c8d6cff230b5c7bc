"""A claimed system task, and what doing it comes to."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from dalsegno.models import JsonObject, TaskStatus, WorkflowTask
from dalsegno_state.engine.revealed_secrets import RevealedSecrets
from dalsegno_state.events import Reported
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.tasks.system_task import is_async_complete

WORKER_ID: Final = "system"
DEFAULT_LEASE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Work:
    """An attempt in the hands of a system worker.

    Attributes:
        inputs: As they are stored: secrets are still named, not told.
        secrets: Reveals secrets; what it reveals is redacted in the report.
    """

    workflow: WorkflowState
    task: TaskState
    node: WorkflowTask
    inputs: JsonObject
    secrets: RevealedSecrets

    def completed(self, output: JsonObject) -> Reported:
        """Return the report of a success."""
        return self.reported(TaskStatus.COMPLETED, output)

    def effected(self, output: JsonObject) -> Reported:
        """Return the report that the effect is had: a success, unless somebody else ends it."""
        stays_open = is_async_complete(self.node, self.inputs)
        status = TaskStatus.IN_PROGRESS if stays_open else TaskStatus.COMPLETED
        return self.reported(status, output)

    def failed(
        self, reason: str, *, final: bool = False, output: JsonObject | None = None
    ) -> Reported:
        """Return the report of a failure; a final one is not retried."""
        status = TaskStatus.FAILED_WITH_TERMINAL_ERROR if final else TaskStatus.FAILED
        return self.reported(status, output or {}, reason)

    def reported(
        self,
        status: TaskStatus,
        output: JsonObject,
        reason: str | None = None,
        *,
        callback_after_seconds: int = 0,
    ) -> Reported:
        """Return a report on the attempt."""
        return Reported(
            ref=self.task.ref,
            task_id=self.task.task_id,
            status=status,
            output=output,
            reason=reason,
            callback_after_seconds=callback_after_seconds,
            worker_id=WORKER_ID,
        )


@dataclass(frozen=True, slots=True)
class HandOver:
    """The task is left to the workers that poll a queue."""

    queue: str


class Effect(ABC):
    """Does the tasks of one type.

    It is had at least once: if a worker dies, another has it again, with the same task id.
    """

    @abstractmethod
    def perform(self, work: Work) -> Reported | HandOver | None:
        """Return what came of it; None leaves the attempt in progress as it is.

        An ``UnavailableError`` has it tried again a little later; anything else that is raised
        fails the attempt.
        """

    def lease_ms(self, work: Work) -> int:
        """Return how long a worker may take before another does it in its place.

        0 is for tasks that no worker is at while they wait.
        """
        return DEFAULT_LEASE_MS

    def shared_by(self, work: Work) -> str:
        """Return whose tasks must not keep all workers busy at once; empty for no such limit."""
        return ""

    def settle(self, work: Work) -> None:  # noqa: B027  (most leave nothing)
        """Clear away what the attempt has left, now that the report is stored."""
