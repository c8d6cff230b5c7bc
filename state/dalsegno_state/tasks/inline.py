"""INLINE: the value of a script."""

from typing import ClassVar

from dalsegno.models import JsonObject
from dalsegno_state.draft import Draft, Place
from dalsegno_state.scripts import ScriptError, ScriptTimeoutError
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed
from dalsegno_state.tasks.switch import JAVASCRIPT_EVALUATORS


class Inline(InstantTask):
    """Outputs ``result``, the last expression's value; ``error`` if the script fails."""

    type: ClassVar[str] = "INLINE"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        evaluator = inputs.get("evaluatorType") or "javascript"
        expression = inputs.get("expression")
        if not isinstance(expression, str) or not expression.strip():
            return _broken("Empty 'expression' in INLINE task input: give it a script")
        if evaluator == "value-param":
            return Outcome(output={"result": inputs.get(expression)})
        if evaluator not in JAVASCRIPT_EVALUATORS:
            return _broken(f"No evaluator registered for type: {evaluator}")
        try:
            return Outcome(output={"result": draft.tools.scripts.javascript(expression, inputs)})
        except ScriptTimeoutError as error:
            return failed(str(error), output={"error": str(error)})
        except ScriptError as error:
            return _broken(str(error))


def _broken(reason: str) -> Outcome:
    return failed(reason, final=True, output={"error": reason})
