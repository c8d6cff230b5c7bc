"""The error of an expression that cannot be evaluated."""


class ExpressionError(ValueError):
    """An expression is malformed; no data could give it a value.

    Attributes:
        expression: What stands between the braces.
        reason: What is wrong with it.
    """

    def __init__(self, expression: str, reason: str) -> None:
        shown = expression if len(expression) <= 200 else f"{expression[:200]}…"
        super().__init__(f"expression '{shown}' is malformed: {reason}")
        self.expression = expression
        self.reason = reason
