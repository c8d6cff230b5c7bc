"""PULL_WORKFLOW_MESSAGES: messages are taken, or waited for."""

from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.engine.messages import WorkflowMessages
from dalsegno_state.events import Reported
from dalsegno_state.expressions import json_text
from dalsegno_state.tasks.pull_workflow_messages import batch_size


class PullMessages(Effect):
    """Takes messages as often as it is asked: those it has taken stay taken."""

    def __init__(self, messages: WorkflowMessages) -> None:
        self._messages = messages

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``: a task that waits has nobody at it."""
        return 0

    def perform(self, work: Work) -> Reported | None:
        """See ``Effect.perform``."""
        size = batch_size(work.inputs.get("batchSize", 1))
        if size is None:
            return work.failed(
                f"batchSize should be between 1 and 100, got {json_text(work.inputs['batchSize'])}",
                final=True,
            )
        taken = self._messages.take(work.workflow, work.task.task_id, size)
        if not taken and work.inputs.get("blocking", True) not in (False, "false"):
            self._messages.wait(work.workflow, work.task.ref)
            # What came before it was known to wait is found here, what comes later wakes it.
            taken = self._messages.take(work.workflow, work.task.task_id, size)
            if not taken:
                return None
        return work.completed({"messages": [*taken], "count": len(taken)})

    def settle(self, work: Work) -> None:
        """See ``Effect.settle``: what was handed over is forgotten."""
        self._messages.forget_taken(work.workflow, work.task)
