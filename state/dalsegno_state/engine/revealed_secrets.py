"""Secrets on their way to somebody who does a task."""

from typing import Final

from dalsegno.models import JsonValue
from dalsegno_state.draft import MAX_PAYLOAD_BYTES
from dalsegno_state.expressions import java_text, resolve_secret, reveal_secrets
from dalsegno_state.expressions.secrets import Secret
from dalsegno_state.redaction import Redactor

# Reading a secret, and the JSON in it, takes as long as copying so many characters.
_LOOKUP_COST: Final = 10_000


class RevealLimitError(Exception):
    """An input names secrets that are too long together to be handed out."""


class RevealedSecrets:
    """Reveals secrets for one attempt, and remembers which, so that its results can be redacted.

    A reference of twenty characters may stand for 64 KB: what they become together is bounded,
    as inputs are.

    Args:
        secret: Returns the secret of a name, or None.
    """

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._told: dict[str, JsonValue] = {}
        self._left = MAX_PAYLOAD_BYTES

    def reveal(self, value: JsonValue) -> JsonValue:
        """Return a value with its references replaced by the secrets; never to be stored.

        Raises:
            RevealLimitError: The secrets are too many, or too long, for one input.
        """
        return reveal_secrets(value, self._resolve)

    def named(self, name: str) -> JsonValue:
        """Return the whole secret of a name, or None; see ``reveal``."""
        if name not in self._told:
            self._spend(_LOOKUP_COST)
            self._told[name] = self._secret(name)
        return self._told[name]

    @property
    def is_empty(self) -> bool:
        """True while nothing was revealed."""
        return not self._told

    def redactor(self) -> Redactor:
        """Return what replaces all that was revealed."""
        return Redactor(self._told.values())

    def _resolve(self, path: str) -> JsonValue:
        if path not in self._told:
            self._spend(_LOOKUP_COST)
            self._told[path] = resolve_secret(path, self._secret)
        found = self._told[path]
        self._spend(len(found) if isinstance(found, str) else len(java_text(found)))
        return found

    def _spend(self, characters: int) -> None:
        self._left -= characters
        if self._left < 0:
            raise RevealLimitError(
                f"the secrets that the input names are longer than {MAX_PAYLOAD_BYTES} bytes, "
                "taken together: name fewer of them, or each less often"
            )
