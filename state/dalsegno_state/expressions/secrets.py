"""References to secrets, which stay as they are until a task is handed to whoever runs it."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import parse_path
from dalsegno_state.expressions.scope import walk
from dalsegno_state.expressions.text import java_text

SECRETS_PREFIX: Final = "workflow.secrets."
_REFERENCE: Final = re.compile(rf"(?<!\$)\$\{{\s*{re.escape(SECRETS_PREFIX)}([^{{}}]*)\}}")
_NAME: Final = re.compile(r"[^.\[]*")

Secret = Callable[[str], JsonValue]


@dataclass(frozen=True, slots=True)
class _SecretScope:
    """``Scope`` of the path below one secret, whose value may be JSON text."""

    value: JsonValue

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.document(name), path) if path else self.value

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        if not isinstance(self.value, str):
            return self.value
        try:
            document: JsonValue = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return document


def reveal_secrets(value: JsonValue, secret: Secret) -> JsonValue:
    """Return ``value`` with each ``${workflow.secrets.NAME}`` replaced by ``secret(NAME)``.

    For what is handed out, never for what is stored. A path may follow the name, also into a
    secret that is JSON text. A missing secret, or a path that leads nowhere, yields None, and
    nothing within other text.
    """
    if isinstance(value, str):
        return _reveal(value, secret) if SECRETS_PREFIX in value else value
    if isinstance(value, dict):
        return {key: reveal_secrets(item, secret) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal_secrets(item, secret) for item in value]
    return value


def _reveal(text: str, secret: Secret) -> JsonValue:
    if match := _REFERENCE.fullmatch(text):
        return _resolve(match[1], secret)

    def printed(match: re.Match[str]) -> str:
        revealed = _resolve(match[1], secret)
        return "" if revealed is None else java_text(revealed)

    return _REFERENCE.sub(printed, text)


def _resolve(reference: str, secret: Secret) -> JsonValue:
    reference = reference.strip()
    name = _NAME.match(reference)
    if name is None or not name[0]:
        return None
    try:
        path = parse_path("secret" + reference[name.end() :])
    except ExpressionError:
        return None
    return path.find(_SecretScope(secret(name[0])))
