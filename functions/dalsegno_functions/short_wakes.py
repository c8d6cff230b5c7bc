"""Wakes that come before the next sweep: each is sent by a message of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dalsegno.models import EpochMillis
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.events import Wake, encode_evaluation
from dalsegno_state.execution import WorkflowState
from dalsegno_state.ports import Clock, Message, Queues
from dalsegno_state.writes import CreateTask, PullWake, ReplaceTask, SetWake, Write

# Sweeps are a minute apart. The first wake of a workflow, a minute after its start, is theirs.
_SHORT_MS: Final = 55_000


@dataclass(frozen=True, slots=True)
class ShortWakes:
    """``Observer`` that has workflows looked at which no sweep would find in time.

    Such are response timeouts of some seconds. A task that waits for a time, as WAIT does, has a
    message of its own already. Should a message be lost, the sweep comes later.
    """

    queues: Queues
    clock: Clock

    def created(self, workflow: WorkflowState) -> None:
        """See ``Observer.created``."""
        if workflow.wake_at is not None:
            self._send({workflow.workflow_id: workflow.wake_at})

    def written(self, writes: Sequence[Write]) -> None:
        """See ``Observer.written``."""
        wakes: dict[str, EpochMillis] = {}
        announced: set[EpochMillis | None] = set()
        for write in writes:
            match write:
                case PullWake(workflow_id, at) | SetWake(workflow_id, _, int(at), _):
                    wakes[workflow_id] = at
                case CreateTask(task) | ReplaceTask(task):
                    announced.add(task.wait_until)
                case _:
                    pass
        self._send({key: at for key, at in wakes.items() if at not in announced})

    def changed(self) -> None:
        """See ``Observer.changed``; no wake is moved."""

    def _send(self, wakes: dict[str, EpochMillis]) -> None:
        soon = self.clock.now() + _SHORT_MS
        messages = [
            Message(
                queue=EVALUATOR_QUEUE,
                body=encode_evaluation(workflow_id, Wake()),
                deliver_at=at,
            )
            for workflow_id, at in wakes.items()
            if at < soon
        ]
        if messages:
            self.queues.send(messages)
