"""Regular expressions in filters, matched in time linear in the text."""

from typing import TYPE_CHECKING, Final

from dalsegno_state.expressions.errors import ExpressionError

if TYPE_CHECKING:
    from jsonschema_rs import Validator

MAX_PATTERN_CHARACTERS: Final = 500
MAX_OPERAND_CHARACTERS: Final = 10_000
_MAX_COMPILED_BYTES: Final = 256 * 1024
_FLAGS: Final = frozenset("ismx")


class Pattern:
    """A pattern of ``=~``, which must match the whole of a text.

    The engine is that of JSON schemas' patterns, which never goes back in the text. It therefore
    has no look-around and no back-references.
    """

    __slots__ = ("_validator",)

    def __init__(self, pattern: str, flags: str) -> None:
        """Compile a pattern with Java's flags ``i``, ``s``, ``m`` and ``x``.

        Raises:
            ExpressionError: It is too long, or no regular expression without look-around.
        """
        if len(pattern) > MAX_PATTERN_CHARACTERS:
            raise ExpressionError(
                pattern, f"a pattern may have {MAX_PATTERN_CHARACTERS} characters at most"
            )
        if unknown := set(flags) - _FLAGS:
            raise ExpressionError(pattern, f"the flag {min(unknown)!r} of the pattern is unknown")
        self._validator = _compiled(pattern, f"(?{flags})" if flags else "")

    def matches(self, text: str) -> bool:
        """Return whether the pattern matches the whole of a text that is not too long."""
        return len(text) <= MAX_OPERAND_CHARACTERS and self._validator.is_valid(text)


def _compiled(pattern: str, flags: str) -> "Validator":
    import jsonschema_rs  # slow to load, and few expressions need it

    options = jsonschema_rs.RegexOptions(size_limit=_MAX_COMPILED_BYTES)
    try:
        # Anchors of the text, unlike ``^`` and ``$``, mean the same with the flag ``m``.
        return jsonschema_rs.validator_for(
            {"pattern": rf"{flags}\A(?:{pattern})\z"}, pattern_options=options
        )
    except ValueError as error:
        raise ExpressionError(
            pattern,
            "the pattern is no regular expression, is too large, or has look-around or "
            "back-references",
        ) from error
