"""What task types that are done as soon as they are scheduled have in common."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from typing import ClassVar

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place, depth_fault
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.worker_queue import visible_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an instant task ended.

    Attributes:
        inputs: The input to show instead of the evaluated one.
    """

    status: TaskStatus = TaskStatus.COMPLETED
    output: JsonObject = field(default_factory=dict)
    reason: str | None = None
    inputs: JsonObject | None = None


def failed(reason: str, *, final: bool = False, output: JsonObject | None = None) -> Outcome:
    """Return a failure; a final one is not retried."""
    status = TaskStatus.FAILED_WITH_TERMINAL_ERROR if final else TaskStatus.FAILED
    return Outcome(status=status, reason=reason, output=output or {})


class InstantTask(ABC):
    """A task that is created in its final status, so that its result is decided once."""

    type: ClassVar[str]
    is_instant: ClassVar[bool] = True

    @abstractmethod
    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """Return how the task ends with these inputs."""

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        inputs = attempts.input_of(draft, place, seed, place.node.task.task_definition)
        fault = depth_fault(inputs, f"The input of task {place.ref}")
        outcome = self.run(draft, place, inputs) if fault is None else failed(fault, final=True)
        attempts.new_task(
            draft,
            place,
            seed,
            status=outcome.status,
            task_type=self.type,
            inputs=inputs if outcome.inputs is None else outcome.inputs,
            output=outcome.output,
            reason=outcome.reason,
        )

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """Run another attempt once its time has come."""
        due_at = visible_at(task)
        if draft.now < due_at:
            draft.look_later(task.ref, at=due_at)
            return
        outcome = self.run(draft, place, draft.payload(task.input))
        shown = task if outcome.inputs is None else replace(task, input=outcome.inputs)
        flow.finish(
            draft, shown, place, outcome.status, output=outcome.output, reason=outcome.reason
        )

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)
