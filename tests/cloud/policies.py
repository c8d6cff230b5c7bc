"""How IAM judges an access: what is nowhere allowed is denied, and so is what is denied anywhere.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

from tests.cloud.accesses import Access

Values = Sequence[str]


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, with every reference resolved.

    Attributes:
        conditions: Operator, condition key and values; all of them must hold.
    """

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    @classmethod
    def read(cls, statement: Mapping[str, Any]) -> Self:
        """Return a statement as JSON has it."""
        return cls(
            allows=statement["Effect"] == "Allow",
            actions=_listed(statement["Action"]),
            resources=_listed(statement["Resource"]),
            conditions=tuple(
                (operator, key, _listed(values))
                for operator, keys in statement.get("Condition", {}).items()
                for key, values in keys.items()
            ),
        )

    def speaks_of(self, access: Access) -> bool:
        """Return whether it says anything about an access."""
        return (
            any(_matches(action.lower(), access.action.lower()) for action in self.actions)
            and any(_matches(resource, access.resource) for resource in self.resources)
            and all(_holds(*condition, access) for condition in self.conditions)
        )


def judged(statements: Iterable[Statement], access: Access) -> bool:
    """Return whether these statements together allow an access."""
    speaking = [statement for statement in statements if statement.speaks_of(access)]
    return bool(speaking) and all(statement.allows for statement in speaking)


def _holds(operator: str, key: str, wanted: Values, access: Access) -> bool:
    """Return whether a condition holds for the values that a request has for its key.

    ``ForAllValues`` holds where a request has none: an allowing statement must not rest on that.
    """
    quantifier, _, plain = operator.rpartition(":")
    test = _OPERATORS[plain]
    found = access.context.get(key, ())
    if quantifier == "ForAllValues":
        return all(test(value, wanted) for value in found)
    return any(test(value, wanted) for value in found)


def _like(value: str, wanted: Values) -> bool:
    return any(_matches(pattern, value) for pattern in wanted)


def _equal(value: str, wanted: Values) -> bool:
    return value in wanted


_OPERATORS: Final[Mapping[str, Callable[[str, Values], bool]]] = {
    "StringEquals": _equal,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda value, wanted: value.lower() in {word.lower() for word in wanted},
}


def _matches(pattern: str, value: str) -> bool:
    return _compiled(pattern).fullmatch(value) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(letter, re.escape(letter)) for letter in pattern), re.DOTALL)


def _listed(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(each) for each in value)
