"""Scripts as one request may use them: remembered, and cut off when they take too long."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from pydantic_core import to_json

from dalsegno.models import JsonValue
from dalsegno_state.scripts import Scripts

# After this much script time a request hands the rest over to the evaluator queue.
PATIENCE_SECONDS: Final = 5.0


class RememberedScripts:
    """A decision may be taken again after more was loaded; its scripts then answer from memory."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._answers: dict[tuple[str, str, bytes], JsonValue] = {}
        self._spent_seconds = 0.0

    def is_exhausted(self) -> bool:
        """Return whether scripts have run for so long that the rest had better wait."""
        return self._spent_seconds > PATIENCE_SECONDS

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

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return self._scripts.syntax_error(source)

    def _answer(self, key: tuple[str, str, bytes], ask: Callable[[], JsonValue]) -> JsonValue:
        if key not in self._answers:
            began = time.monotonic()
            try:
                self._answers[key] = ask()
            finally:
                self._spent_seconds += time.monotonic() - began
        return self._answers[key]
