"""Scripts as one request may use them: remembered, and cut off when they take too long."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonValue
from dalsegno_state.scripts import Scripts, ScriptsBusyError

# After this much script time a request hands the rest over to the evaluator queue.
PATIENCE_SECONDS: Final = 5.0


class RememberedScripts:
    """A decision may be taken again after more was loaded; its scripts then answer from memory."""

    def __init__(self, scripts: Scripts, name: str) -> None:
        """Run scripts on behalf of the workflow definition ``name``."""
        self._scripts = scripts.on_behalf_of(name)
        self._is_busy = False
        self._answers: dict[tuple[str, str, bytes], JsonValue] = {}
        self._spent_seconds = 0.0

    def is_exhausted(self) -> bool:
        """Return whether the rest had better wait: scripts took long, or find no interpreter."""
        return self._is_busy or self._spent_seconds > PATIENCE_SECONDS

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``; a decision is one workflow's."""
        return self

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        key = ("javascript", source, to_json(inputs))
        return self._answer(key, lambda: self._scripts.javascript(source, inputs))

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        key = ("function_body", source, to_json(inputs))
        return self._answer(key, lambda: self._scripts.function_body(source, inputs))

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        key = ("jq", query, to_json(document))
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
            began = time.monotonic()
            try:
                self._answers[key] = ask()
            except ScriptsBusyError:
                self._is_busy = True
                raise
            finally:
                self._spent_seconds += time.monotonic() - began
        return self._answers[key]
