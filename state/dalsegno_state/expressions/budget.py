"""The bound on what the expressions of one template may cost."""

from typing import Final

from dalsegno_state.expressions.errors import ExpressionError

# About half a second of work: a deep scan over some megabytes of JSON, many times a day's need.
MAX_STEPS: Final = 500_000
# Comparing, searching or copying this many characters counts as one step.
CHARACTERS_PER_STEP: Final = 100


class Budget:
    """Counts the steps of an evaluation: values looked at, values found, texts compared."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int, expression: str) -> None:
        """Count steps.

        Raises:
            ExpressionError: None are left.
        """
        self._left -= steps
        if self._left < 0:
            raise ExpressionError(
                expression, f"it takes more than {MAX_STEPS:,} steps: ask for less at once"
            )

    def spend_on_text(self, characters: int, expression: str) -> None:
        """Count the steps of handling a text once; see ``spend``."""
        self.spend(1 + characters // CHARACTERS_PER_STEP, expression)
