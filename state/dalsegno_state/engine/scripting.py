"""Scripts as one decision uses them: remembered; and the time that decisions may take."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonValue
from dalsegno_state.scripts import ScriptError, Scripts, ScriptsBusyError

# After so long a decision, and a request, hands the rest over to the evaluator queue.
PATIENCE_SECONDS: Final = 5.0


class Patience:
    """Measures how long a decision is computed, in one or more goes between which it waits."""

    def __init__(self) -> None:
        self._began = 0.0
        self._spent_seconds = 0.0

    def __enter__(self) -> None:
        """Begin or continue to measure."""
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        """Stop measuring; what was spent until now counts."""
        self._spent_seconds += time.monotonic() - self._began

    def is_over(self) -> bool:
        """Return whether a decision under way had better leave the rest to the evaluator."""
        return self._spent_seconds + time.monotonic() - self._began > PATIENCE_SECONDS


class RememberedScripts:
    """A decision may be taken again after more was loaded; its scripts then answer from memory.

    Attributes:
        is_busy: No interpreter was free: what needs a script had better wait.
    """

    def __init__(self, scripts: Scripts, name: str) -> None:
        """Run scripts on behalf of the workflow definition ``name``."""
        self._scripts = scripts.on_behalf_of(name)
        self.is_busy = False
        self._answers: dict[tuple[str, str, bytes], JsonValue] = {}

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``; a decision is one workflow's."""
        return self

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        key = ("javascript", source, _text(inputs))
        return self._answer(key, lambda: self._scripts.javascript(source, inputs))

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        key = ("function_body", source, _text(inputs))
        return self._answer(key, lambda: self._scripts.function_body(source, inputs))

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        key = ("jq", query, _text(document))
        answer = self._answer(key, lambda: self._scripts.jq(query, document))
        return answer if isinstance(answer, list) else []

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        key = ("schema", schema, to_json(values))
        answer = self._answer(key, lambda: self._scripts.schema_errors(schema, values))
        return answer if isinstance(answer, list) else []

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return self._scripts.syntax_error(source)

    def _answer(self, key: tuple[str, str, bytes], ask: Callable[[], JsonValue]) -> JsonValue:
        if key not in self._answers:
            try:
                self._answers[key] = ask()
            except ScriptsBusyError:
                self.is_busy = True
                raise
        return self._answers[key]


def _text(inputs: object) -> bytes:
    """Return the JSON text of what a script is given; raises ScriptError if there is none."""
    try:
        return to_json(inputs)
    except ValueError as error:
        raise ScriptError(f"what the script is given cannot be written as JSON: {error}") from error
