"""HTTP_POLL: one call of many, and whether it is the last."""

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state.engine.effects.http import HttpCall
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.events import Reported
from dalsegno_state.expressions import java_text
from dalsegno_state.scripts import ScriptError, Scripts, ScriptTimeoutError
from dalsegno_state.tasks.http_poll import next_delay_seconds, settings_of

_SCRIPT_MS = 5_000


class HttpPolling(Effect):
    """Makes one call; if its answer does not meet the condition, another follows later.

    How many calls there were is told by the poll count, which the claim of each has raised.
    """

    def __init__(self, call: HttpCall, scripts: Scripts) -> None:
        self._call = call
        self._scripts = scripts

    def lease_ms(self, work: Work) -> int:
        """See ``Effect.lease_ms``."""
        return self._call.lease_ms(work) + _SCRIPT_MS

    def perform(self, work: Work) -> Reported:
        """See ``Effect.perform``."""
        response = self._call.answer(work)
        if isinstance(response, Reported):
            return response
        settings = settings_of(work.inputs) or {}
        given = settings.get("terminationCondition")
        condition = "true" if given is None or given == "" else java_text(given)
        try:
            is_met = self._is_met(condition, work.inputs, response)
        except ScriptError as error:
            return work.failed(
                f"Unable to evaluate terminationCondition {condition}, exception {error}",
                final=not isinstance(error, ScriptTimeoutError),
                output={"response": response},
            )
        if is_met:
            return work.completed({"response": response})
        most = settings.get("maxPollCount")
        if isinstance(most, int) and 0 < most <= work.task.poll_count:
            return work.failed(
                f"terminationCondition was not met in {work.task.poll_count} polls",
                final=True,
                output={"response": response},
            )
        delay_seconds = next_delay_seconds(settings, work.task.poll_count)
        return work.reported(TaskStatus.IN_PROGRESS, {}, callback_after_seconds=delay_seconds)

    def _is_met(self, condition: str, inputs: JsonObject, response: JsonObject) -> bool:
        shown: JsonObject = {**response, "response": response}
        value = self._scripts.javascript(condition, {"input": inputs, "output": shown})
        return value is True or (isinstance(value, int | float) and value > 0)
