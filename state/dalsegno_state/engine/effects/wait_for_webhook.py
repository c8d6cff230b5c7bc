"""WAIT_FOR_WEBHOOK: a task is entered among those that wait."""

from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.engine.webhooks import Webhooks
from dalsegno_state.events import Reported
from dalsegno_state.expressions import java_text
from dalsegno_state.tasks.wait_for_webhook import path_problem


class EnterWebhook(Effect):
    """Makes a waiting task known, as often as it is asked."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``: a task that waits has nobody at it."""
        return 0

    def perform(self, work: Work) -> Reported | None:
        """See ``Effect.perform``."""
        matches = work.inputs.get("matches")
        if not isinstance(matches, dict) or not matches:
            return work.failed("matches: JSON paths and their values are required", final=True)
        for path in matches:
            problem = path_problem(path)
            if problem is not None:
                return work.failed(f"matches: {path} is no JSON path: {problem}", final=True)
        given = work.inputs.get("webhookId")
        webhook_id = work.workflow.name if given is None or given == "" else java_text(given)
        self._webhooks.enter(webhook_id, matches, work.task.task_id)
        return None
