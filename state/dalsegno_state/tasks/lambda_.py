"""LAMBDA: what a script returns (deprecated; INLINE took its place)."""

from typing import ClassVar

from dalsegno.models import JsonObject
from dalsegno_state.draft import Draft, Place
from dalsegno_state.scripts import ScriptError
from dalsegno_state.tasks.instant import InstantTask, Outcome, failed


class Lambda(InstantTask):
    """Outputs ``result``, what the script returns as a function's body."""

    type: ClassVar[str] = "LAMBDA"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        source = inputs.get("scriptExpression")
        if not isinstance(source, str) or not source.strip():
            reason = "Empty 'scriptExpression' in LAMBDA task input: give it a script"
            return failed(reason, output={"error": reason})
        try:
            return Outcome(output={"result": draft.tools.scripts.function_body(source, inputs)})
        except ScriptError as error:
            return failed(str(error), output={"error": str(error)})
