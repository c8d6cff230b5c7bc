"""Secrets on their way to somebody who does a task."""

from dalsegno.models import JsonValue
from dalsegno_state.expressions import resolve_secret, reveal_secrets
from dalsegno_state.expressions.secrets import Secret
from dalsegno_state.redaction import Redactor


class RevealedSecrets:
    """Reveals secrets for one attempt, and remembers which, so that its results can be redacted.

    Args:
        secret: Returns the secret of a name, or None.
    """

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._told: list[JsonValue] = []

    def reveal(self, value: JsonValue) -> JsonValue:
        """Return a value with its references replaced by the secrets; never to be stored."""
        return reveal_secrets(value, self._resolve)

    @property
    def is_empty(self) -> bool:
        """True while nothing was revealed."""
        return not self._told

    def redactor(self) -> Redactor:
        """Return what replaces all that was revealed."""
        return Redactor(self._told)

    def _resolve(self, path: str) -> JsonValue:
        found = resolve_secret(path, self._secret)
        if found is not None and found not in self._told:
            self._told.append(found)
        return found
