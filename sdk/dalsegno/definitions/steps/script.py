"""JavaScript, and the inputs it sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dalsegno.definitions.expressions import Value


@dataclass(frozen=True, slots=True)
class Script:
    """JavaScript with what it sees as ``$``."""

    text: str
    inputs: Mapping[str, Value] = field(default_factory=dict)


def js(text: str, /, **inputs: Value) -> Script:
    """Return JavaScript that sees ``inputs``: ``js("$.amount > 9", amount=input.amount)``."""
    return Script(text, inputs)


def script_of(script: str | Script) -> Script:
    """Return a script, as it is or without inputs; raises TypeError if it is none."""
    if isinstance(script, str):
        return Script(script)
    if not isinstance(script, Script):
        raise TypeError(f"expected JavaScript, as text or as js(...), got {script!r:.80}")
    return script
