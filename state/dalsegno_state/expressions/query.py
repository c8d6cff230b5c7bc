"""JSONPath selectors, with the meaning that Jayway's library gives them, which Conductor uses."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias, assert_never

from pydantic import JsonValue

from dalsegno_state.expressions.aggregate import AGGREGATES
from dalsegno_state.expressions.budget import Budget
from dalsegno_state.expressions.scope import Scope, walk


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What evaluating one path needs.

    Attributes:
        expression: The path's text, for errors.
        constants: Values of the paths in filters that begin with ``$``, once they are known.
    """

    expression: str
    scope: Scope
    budget: Budget
    constants: dict[int, JsonValue] = field(default_factory=dict)

    def spend(self, steps: int = 1) -> None:
        """Count steps; raises ExpressionError when none are left."""
        self.budget.spend(steps, self.expression)

    def spend_on_text(self, characters: int) -> None:
        """Count the steps of handling a text; raises ExpressionError when none are left."""
        self.budget.spend_on_text(characters, self.expression)


Test: TypeAlias = Callable[[JsonValue, Evaluation], bool]
"""Returns whether a filter lets a value pass."""


@dataclass(frozen=True, slots=True)
class Name:
    """The value of one key."""

    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """An object of the named keys that are there, or their values one by one.

    Attributes:
        merged: At the end of a path it is one object.
    """

    names: tuple[str, ...]
    merged: bool


@dataclass(frozen=True, slots=True)
class Index:
    """One item of a list; a negative index counts from its end."""

    index: int


@dataclass(frozen=True, slots=True)
class Indexes:
    """Several items of a list, in the order asked for."""

    indexes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of a list."""

    start: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    """All items of a list, all values of an object."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The items of a list that pass a test, or an object itself if it passes."""

    test: Test


Step: TypeAlias = Name | Names | Index | Indexes | Slice | Wildcard | Filter


@dataclass(frozen=True, slots=True)
class Descend:
    """A step taken from a value and from everything below it."""

    step: Step


Selector: TypeAlias = Step | Descend


class Nothing(Enum):
    """What a path that can find only one value yields if there is none."""

    NOTHING = "NOTHING"


NOTHING: Final = Nothing.NOTHING
Found: TypeAlias = JsonValue | Nothing


@dataclass(frozen=True, slots=True)
class Query:
    """Selectors, each applied to all that the one before it found."""

    selectors: tuple[Selector, ...]

    @property
    def is_single(self) -> bool:
        """True if it can find one value at most."""
        return all(
            isinstance(each, Name | Index) or (isinstance(each, Names) and each.merged)
            for each in self.selectors
        )

    def find(self, document: JsonValue, evaluation: Evaluation) -> Found:
        """Return the list of all that is found; the value or NOTHING if only one can be."""
        found = [document]
        for selector in self.selectors:
            found = list(_select(found, selector, evaluation))
        if not self.is_single:
            return found
        return found[0] if found else NOTHING


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path.

    Attributes:
        text: As it is written.
        root: Name of the document it starts at.
        steps: The plain part below the root, keys and indexes.
        query: What follows the plain part, if anything: a query over what is found there.
        others: Further documents that filters in the query name.
        functions: Applied to what was found, first to last.
    """

    text: str
    root: str
    steps: tuple[str | int, ...]
    query: Query | None = None
    others: frozenset[str] = frozenset()
    functions: tuple[str, ...] = ()

    def find(self, scope: Scope, budget: Budget | None = None) -> JsonValue:
        """Return the path's value in ``scope``: None if missing, a list if there may be many.

        Raises:
            ExpressionError: It takes more steps than the budget has left.
        """
        return self.value(Evaluation(self.text, scope, budget or Budget()))

    def value(self, evaluation: Evaluation) -> JsonValue:
        """Return the path's value where another path is evaluated."""
        evaluation.spend(1 + len(self.steps))
        value = evaluation.scope.find(self.root, self.steps)
        if self.query is not None:
            found = self.query.find(value, evaluation)
            value = None if found is NOTHING else found
        for function in self.functions:
            value = applied(function, value, evaluation)
        return value


@dataclass(frozen=True, slots=True)
class PathInDocument:
    """A parsed path over a single document, which it calls ``$``."""

    text: str
    query: Query
    functions: tuple[str, ...] = ()

    def find(self, document: JsonValue, budget: Budget) -> JsonValue:
        """Return the path's value: None if missing, a list if there may be many.

        Raises:
            ExpressionError: It takes more steps than the budget has left.
        """
        evaluation = Evaluation(self.text, _Members(document), budget)
        found = self.query.find(document, evaluation)
        value = None if found is NOTHING else found
        for function in self.functions:
            value = applied(function, value, evaluation)
        return value


@dataclass(frozen=True, slots=True)
class _Members:
    """``Scope`` whose documents are the members of one."""

    whole: JsonValue

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.document(name), path)

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        return self.whole.get(name) if isinstance(self.whole, dict) else None


def applied(function: str, value: JsonValue, evaluation: Evaluation) -> JsonValue:
    """Return what one of JSONPath's functions makes of a value."""
    evaluation.spend(1 + (len(value) if isinstance(value, list | dict) else 0))
    result = AGGREGATES[function](value)
    if isinstance(result, str):
        evaluation.spend_on_text(len(result))
    return result


def _select(
    values: Sequence[JsonValue], selector: Selector, evaluation: Evaluation
) -> Iterator[JsonValue]:
    """Yield what a selector finds in each of some values."""
    for value in values:
        if isinstance(selector, Descend):
            for container in _containers(value, evaluation):
                for found in _beneath(container, selector.step, evaluation):
                    evaluation.spend()
                    yield found
        else:
            for found in _found(value, selector, evaluation):
                evaluation.spend()
                yield found


def _containers(value: JsonValue, evaluation: Evaluation) -> Iterator[JsonValue]:
    """Yield a value and all below it that hold others, each before what it holds."""
    pending = [value]
    while pending:
        container = pending.pop()
        if isinstance(container, dict | list):
            evaluation.spend(1 + len(container))
            yield container
            below = container.values() if isinstance(container, dict) else container
            pending.extend(reversed([each for each in below if isinstance(each, dict | list)]))


def _beneath(container: JsonValue, step: Step, evaluation: Evaluation) -> Iterable[JsonValue]:
    """Return what a step of a deep scan finds in one of the containers."""
    if isinstance(step, Filter):
        # The objects of a list come by themselves, and would be found twice.
        return _found(container, step, evaluation) if isinstance(container, dict) else ()
    if isinstance(step, Names) and step.merged:
        has_all = isinstance(container, dict) and all(name in container for name in step.names)
        return _found(container, step, evaluation) if has_all else ()
    return _found(container, step, evaluation)


def _found(value: JsonValue, step: Step, evaluation: Evaluation) -> Iterable[JsonValue]:
    match step:
        case Name(name):
            return (value[name],) if isinstance(value, dict) and name in value else ()
        case Names(names):
            evaluation.spend(len(names))
            return _named(value, step)
        case Index(index):
            return _at(value, (index,))
        case Indexes(indexes):
            evaluation.spend(len(indexes))
            return _at(value, indexes)
        case Slice(start, stop):
            return value[start:stop] if isinstance(value, list) else ()
        case Wildcard():
            return _children(value)
        case Filter(test):
            return _passing(value, test, evaluation)
        case _:
            assert_never(step)


def _named(value: JsonValue, step: Names) -> Iterable[JsonValue]:
    if not isinstance(value, dict):
        return ()
    present: dict[str, JsonValue] = {name: value[name] for name in step.names if name in value}
    return (present,) if step.merged else present.values()


def _at(value: JsonValue, indexes: tuple[int, ...]) -> Iterable[JsonValue]:
    if not isinstance(value, list):
        return ()
    return [value[index] for index in indexes if -len(value) <= index < len(value)]


def _children(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _passing(value: JsonValue, test: Test, evaluation: Evaluation) -> Iterator[JsonValue]:
    candidates = value if isinstance(value, list) else [value] if isinstance(value, dict) else []
    for candidate in candidates:
        evaluation.spend()
        if test(candidate, evaluation):
            yield candidate
