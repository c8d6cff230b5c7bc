"""The search language: ``workflowType = 'order' AND NOT (status IN (RUNNING, PAUSED))``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from dalsegno.errors import InvalidRequestError
from dalsegno_state.conditions import (
    AllOf,
    AnyOf,
    Compared,
    Condition,
    IsNull,
    Not,
    OneOf,
    StartsWith,
    Value,
)
from dalsegno_state.search_fields import Field, field_name

_MOST_DEPTH: Final = 32
_MOST_CLAUSES: Final = 200  # SQLite refuses an expression of 1000

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<sign>!=|<=|>=|=|<|>|\(|\)|,)
      | (?P<word>[^\s'"(),=<>!]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, a sign or the content of quotes."""

    text: str
    is_sign: bool = False
    is_quoted: bool = False

    def is_keyword(self, keyword: str) -> bool:
        """Return whether this is the keyword, in whatever case."""
        return not (self.is_sign or self.is_quoted) and self.text.upper() == keyword


def parse(query: str, fields: Mapping[str, Field[Any]]) -> Condition | None:
    """Return the condition that a query states; None if it is blank.

    Raises:
        InvalidRequestError: The query is malformed, or asks a field what it cannot tell.
    """
    tokens = _Tokens(query)
    if tokens.at_end():
        return None
    condition = _Parser(tokens, fields).disjunction()
    if not tokens.at_end():
        tokens.refuse("expected AND or OR")
    return condition


class _Tokens:
    """The tokens of a query, taken one by one."""

    def __init__(self, query: str) -> None:
        self._query = query
        self._position = 0
        self._end = len(query.rstrip())

    def at_end(self) -> bool:
        return self._position >= self._end

    def take(self) -> _Token:
        match = _TOKEN.match(self._query, self._position)
        if match is None:
            self.refuse("the query ends too early" if self.at_end() else "not understood")
        self._position = match.end()
        if quoted := match["quoted"]:
            return _Token(re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL), is_quoted=True)
        if sign := match["sign"]:
            return _Token(sign, is_sign=True)
        return _Token(match["word"])

    def take_if(self, accepts: Callable[[_Token], bool]) -> bool:
        """Take the next token if it is accepted; return whether it was."""
        if self.at_end():
            return False
        position = self._position
        if accepts(self.take()):
            return True
        self._position = position
        return False

    def take_keyword(self, keyword: str) -> bool:
        return self.take_if(lambda token: token.is_keyword(keyword))

    def take_value(self) -> str:
        token = self.take()
        if token.is_sign:
            self.refuse(f"expected a value, found {token.text}")
        return token.text

    def take_sign(self, *signs: str) -> str:
        token = self.take()
        if not token.is_sign or token.text not in signs:
            self.refuse(f"expected {' or '.join(signs)}, found {token.text}")
        return token.text

    def refuse(self, reason: str) -> NoReturn:
        raise InvalidRequestError(
            f"Incorrectly formatted query string: {self._query}: "
            f"{reason}, at character {self._position}"
        )


class _Parser:
    """Recursive descent: OR binds less than AND, AND less than NOT."""

    def __init__(self, tokens: _Tokens, fields: Mapping[str, Field[Any]]) -> None:
        self._tokens = tokens
        self._fields = fields
        self._depth = 0
        self._clauses = 0

    def disjunction(self) -> Condition:
        """Return what holds if one of several conditions joined by OR does."""
        conditions = [self._conjunction()]
        while self._tokens.take_keyword("OR"):
            conditions.append(self._conjunction())
        return _any_of(conditions)

    def _conjunction(self) -> Condition:
        conditions = [self._factor()]
        while self._tokens.take_keyword("AND"):
            conditions.append(self._factor())
        return AllOf(tuple(conditions)) if len(conditions) > 1 else conditions[0]

    def _factor(self) -> Condition:
        if self._tokens.take_keyword("NOT"):
            return Not(self._nested(self._factor))
        if self._tokens.take_if(lambda token: token.is_sign and token.text == "("):
            condition = self._nested(self.disjunction)
            self._tokens.take_sign(")")
            return condition
        self._clauses += 1
        if self._clauses > _MOST_CLAUSES:
            self._tokens.refuse(f"more than {_MOST_CLAUSES} conditions")
        return self._clause()

    def _nested(self, read: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            self._tokens.refuse(f"nested more than {_MOST_DEPTH} deep")
        condition = read()
        self._depth -= 1
        return condition

    def _clause(self) -> Condition:
        name = field_name(self._tokens.take_value(), self._fields)
        if name not in self._fields:
            self._tokens.refuse(f"unknown field {name}, known are {', '.join(self._fields)}")
        operator = self._tokens.take()
        if operator.is_sign:
            return self._compared(name, operator.text)
        match "" if operator.is_quoted else operator.text.upper():
            case "IN":
                return self._one_of(name, self._list())
            case "NOT":
                return self._not_in(name)
            case "BETWEEN":
                return self._between(name)
            case "IS":
                return self._null(name)
            case "STARTS_WITH":
                return self._starts_with(name)
            case _:
                self._tokens.refuse(f"expected an operator after {name}, found {operator.text}")

    def _compared(self, name: str, sign: str) -> Condition:
        match sign:
            case "=":
                return self._one_of(name, (self._tokens.take_value(),))
            case "!=":
                return Not(self._one_of(name, (self._tokens.take_value(),)))
            case "<" | "<=" | ">" | ">=":
                return Compared(name, sign, self._number(name))
            case _:
                self._tokens.refuse(f"expected an operator after {name}, found {sign}")

    def _not_in(self, name: str) -> Condition:
        if not self._tokens.take_keyword("IN"):
            self._tokens.refuse("expected IN after NOT")
        return Not(self._one_of(name, self._list()))

    def _between(self, name: str) -> Condition:
        low = self._number(name)
        if not self._tokens.take_keyword("AND"):
            self._tokens.refuse("expected AND between the bounds")
        return AllOf((Compared(name, ">=", low), Compared(name, "<=", self._number(name))))

    def _null(self, name: str) -> Condition:
        negated = self._tokens.take_keyword("NOT")
        if not self._tokens.take_keyword("NULL"):
            self._tokens.refuse(f"expected NULL or NOT NULL after {name} IS")
        return Not(IsNull(name)) if negated else IsNull(name)

    def _starts_with(self, name: str) -> Condition:
        if self._fields[name].is_number:
            self._tokens.refuse(f"{name} is a number and starts with nothing")
        return StartsWith(name, self._tokens.take_value())

    def _list(self) -> tuple[str, ...]:
        self._tokens.take_sign("(")
        values = [self._tokens.take_value()]
        while self._tokens.take_sign(",", ")") == ",":
            values.append(self._tokens.take_value())
        return tuple(values)

    def _one_of(self, name: str, texts: tuple[str, ...]) -> OneOf:
        return OneOf(name, tuple(self._value(name, text) for text in texts))

    def _value(self, name: str, text: str) -> Value:
        field = self._fields[name]
        if field.is_number:
            return self._whole(name, text)
        if field.words and text.upper() not in field.words:
            known = ", ".join(sorted(field.words))
            self._tokens.refuse(f"unknown {name} {text}, known are {known}")
        return text.upper() if field.words else text

    def _number(self, name: str) -> int:
        if not self._fields[name].is_number:
            self._tokens.refuse(f"{name} is no number: it can be compared by =, != and IN only")
        return self._whole(name, self._tokens.take_value())

    def _whole(self, name: str, text: str) -> int:
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            self._tokens.refuse(f"{name}: expected a whole number, got {text}")
        return int(text)


def _any_of(conditions: list[Condition]) -> Condition:
    """Return a disjunction; several values of one field are one condition, which indexes serve."""
    if len(conditions) == 1:
        return conditions[0]
    equals = [each for each in conditions if isinstance(each, OneOf)]
    if len(equals) == len(conditions) and len({each.field for each in equals}) == 1:
        return OneOf(equals[0].field, tuple(value for each in equals for value in each.values))
    return AnyOf(tuple(conditions))
