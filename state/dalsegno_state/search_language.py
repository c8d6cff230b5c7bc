"""The search language: ``workflowType = 'order' AND status IN (RUNNING, PAUSED)``."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal, NoReturn, TypeAlias, TypeVar, get_args

from dalsegno.errors import InvalidRequestError
from dalsegno.models import EpochMillis, WorkflowStatus
from dalsegno_state.ports import WorkflowQuery

Operator: TypeAlias = Literal["=", "!=", "<", ">", "<=", ">=", "IN"]

SORT_FIELDS: Final = frozenset(
    {
        "correlationId",
        "endTime",
        "startTime",
        "status",
        "updateTime",
        "workflowId",
        "workflowType",
    }
)

_T = TypeVar("_T")

_TOKEN: Final = re.compile(
    r"""\s*(?:
        (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<sign>!=|<=|>=|=|<|>|\(|\)|,)
      | (?P<word>[^\s'"(),=<>!]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: a field, an operator, and the value or values it is compared with."""

    field: str
    operator: Operator
    values: tuple[str, ...]

    def refuse(self, reason: str) -> NoReturn:
        """Raise InvalidRequestError, naming the clause and what is wrong with it."""
        values = ", ".join(self.values)
        raise InvalidRequestError(
            f"Incorrectly formatted query string: {self.field} {self.operator} {values}: {reason}"
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


def workflow_query(
    query: str | None,
    *,
    sort: str | None = None,
    free_text: str | None = None,
    start: int = 0,
    size: int = 100,
) -> WorkflowQuery:
    """Return the search that ``query``, ``sort`` and ``free_text`` ask for.

    Args:
        query: Clauses joined by AND; None or blank for all workflows. A ``*`` in a text value
            stands for any characters.
        sort: Options ``field:ASC`` or ``field:DESC`` joined by ``|``; the first one counts.
        free_text: Words to be found; None or ``*`` for all workflows.
        start: How many hits to leave out.
        size: How many hits to return at most.

    Raises:
        InvalidRequestError: A clause or an option is malformed or names an unknown field.
    """
    found = WorkflowQuery(start=start, size=size, text=_text(free_text))
    for clause in parse(query or ""):
        narrow = _FIELDS.get(clause.field)
        if narrow is None:
            clause.refuse(f"unknown field, known are {', '.join(_FIELDS)}")
        found = narrow(found, clause)
    return _sorted(found, sort) if sort else found


def parse(query: str) -> Iterator[Clause]:
    """Yield the clauses of a query; raises InvalidRequestError where it is malformed."""
    tokens = _Tokens(query)
    if tokens.at_end():
        return
    yield _clause(tokens)
    while not tokens.at_end():
        if not tokens.take().is_keyword("AND"):
            tokens.refuse("expected AND")
        yield _clause(tokens)


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


def _clause(tokens: _Tokens) -> Clause:
    field = tokens.take_value()
    operator = tokens.take()
    if operator.is_keyword("IN"):
        return Clause(field, "IN", _list(tokens))
    for known in get_args(Operator):
        if operator.is_sign and operator.text == known:
            return Clause(field, known, (tokens.take_value(),))
    tokens.refuse(f"expected an operator after {field}, found {operator.text}")


def _list(tokens: _Tokens) -> tuple[str, ...]:
    tokens.take_sign("(")
    values = [tokens.take_value()]
    while tokens.take_sign(",", ")") == ",":
        values.append(tokens.take_value())
    return tuple(values)


def _text(free_text: str | None) -> str | None:
    text = (free_text or "").strip()
    return None if text in {"", "*"} else text


def _sorted(query: WorkflowQuery, sort: str) -> WorkflowQuery:
    field, _, direction = sort.split("|")[0].strip().partition(":")
    if field not in SORT_FIELDS:
        raise InvalidRequestError(
            f"sort: unknown field {field}, known are {', '.join(sorted(SORT_FIELDS))}"
        )
    if direction.upper() not in {"", "ASC", "DESC"}:
        raise InvalidRequestError(f"sort: expected {field}:ASC or {field}:DESC, got {sort}")
    return replace(query, order_by=field, ascending=direction.upper() != "DESC")


def _both(known: tuple[_T, ...] | None, asked: tuple[_T, ...]) -> tuple[_T, ...]:
    """Return what satisfies two clauses on the same field."""
    return asked if known is None else tuple(value for value in known if value in asked)


def _equal(clause: Clause) -> tuple[str, ...]:
    if clause.operator not in {"=", "IN"}:
        clause.refuse("the field can be compared by = and IN only")
    return clause.values


def _by_name(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    return replace(query, names=_both(query.names, _equal(clause)))


def _by_id(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    return replace(query, workflow_ids=_both(query.workflow_ids, _equal(clause)))


def _by_correlation(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    return replace(query, correlation_ids=_both(query.correlation_ids, _equal(clause)))


def _by_parent(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    parents = _both(query.parent_workflow_ids, _equal(clause))
    return replace(query, parent_workflow_ids=parents)


def _by_version(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    versions = tuple(_number(clause, value) for value in _equal(clause))
    return replace(query, versions=_both(query.versions, versions))


def _by_status(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    if clause.operator == "!=":
        excluded = _status(clause, clause.values[0])
        asked = tuple(status for status in WorkflowStatus if status != excluded)
    else:
        asked = tuple(_status(clause, value) for value in _equal(clause))
    return replace(query, statuses=_both(query.statuses, asked))


def _by_start(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    after, before = _window(clause, query.started_after, query.started_before)
    return replace(query, started_after=after, started_before=before)


def _by_end(query: WorkflowQuery, clause: Clause) -> WorkflowQuery:
    after, before = _window(clause, query.ended_after, query.ended_before)
    return replace(query, ended_after=after, ended_before=before)


def _window(
    clause: Clause, after: EpochMillis | None, before: EpochMillis | None
) -> tuple[EpochMillis | None, EpochMillis | None]:
    """Return the window narrowed by a clause; both of its ends lie outside."""
    time = _number(clause, clause.values[0])
    match clause.operator:
        case ">":
            return _later(after, time), before
        case ">=":
            return _later(after, time - 1), before
        case "<":
            return after, _earlier(before, time)
        case "<=":
            return after, _earlier(before, time + 1)
        case "=":
            return _later(after, time - 1), _earlier(before, time + 1)
        case _:
            clause.refuse("a time can be compared by =, <, <=, > and >= only")


def _later(known: EpochMillis | None, asked: EpochMillis) -> EpochMillis:
    return asked if known is None else max(known, asked)


def _earlier(known: EpochMillis | None, asked: EpochMillis) -> EpochMillis:
    return asked if known is None else min(known, asked)


def _number(clause: Clause, text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        clause.refuse(f"expected a whole number, got {text}")
    return int(text)


def _status(clause: Clause, text: str) -> WorkflowStatus:
    try:
        return WorkflowStatus(text.upper())
    except ValueError:
        clause.refuse(f"unknown status {text}, known are {', '.join(WorkflowStatus)}")


_FIELDS: Final[dict[str, Callable[[WorkflowQuery, Clause], WorkflowQuery]]] = {
    "workflowId": _by_id,
    "workflowType": _by_name,
    "version": _by_version,
    "status": _by_status,
    "correlationId": _by_correlation,
    "parentWorkflowId": _by_parent,
    "startTime": _by_start,
    "endTime": _by_end,
}
