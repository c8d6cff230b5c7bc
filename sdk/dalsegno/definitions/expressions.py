"""Expressions: values that are known when the workflow runs, written ``${...}`` in its JSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn, TypeAlias

from pydantic import BaseModel

from dalsegno.models import JsonObject, JsonValue

_PLAIN_KEY = re.compile(r"[\w-]+")


class Expression:
    """A path into what the workflow knows; attributes and indexes lead on from it.

    ``input.order.items[0]`` is ``${workflow.input.order.items[0]}``, also within an f-string. Keys
    that begin with an underscore, or are no names, are written ``input["order no."]``.
    """

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = path

    def __getattr__(self, key: str) -> "Expression":
        """Return the expression of a key."""
        if key.startswith("_"):  # asked for by Python itself; as a key it goes in brackets
            raise AttributeError(key)
        return Expression(f"{self._path}.{key}")

    def __getitem__(self, key: str | int) -> "Expression":
        """Return the expression of any key, or of an item of a list; -1 is the last."""
        if isinstance(key, int):
            return Expression(f"{self._path}[{key}]")
        if _PLAIN_KEY.fullmatch(key):
            return Expression(f"{self._path}.{key}")
        escaped = key.replace("\\", "\\\\").replace("'", "\\'")
        return Expression(f"{self._path}['{escaped}']")

    def __str__(self) -> str:
        """Return the text that stands for the value in JSON."""
        return f"${{{self._path}}}"

    def __repr__(self) -> str:
        """Return code that makes this expression."""
        return f"expression({self._path!r})"

    def __eq__(self, other: object) -> bool:
        """Return whether the other is the same path; values are compared by ``js(...)``."""
        return self._path == other._path if isinstance(other, Expression) else NotImplemented

    def __hash__(self) -> int:
        """Return the path's hash."""
        return hash(self._path)

    def __bool__(self) -> NoReturn:
        """Refuse: there is no value yet."""
        raise TypeError(f"{self} is not known before the workflow runs: decide with switch(...)")

    def __iter__(self) -> Iterator[NoReturn]:
        """Refuse: there is no value yet."""
        raise TypeError(
            f"{self} is not known before the workflow runs: go through it with each(...), or with "
            "loop(..., over=...)"
        )


# What an input may be: JSON, with expressions anywhere in it. Models become their JSON.
Scalar: TypeAlias = str | int | float | bool | None
Value: TypeAlias = "Scalar | Expression | BaseModel | Mapping[str, Value] | Sequence[Value]"

input = Expression("workflow.input")
workflow = Expression("workflow")
task_id = Expression("CPEWF_TASK_ID")


def expression(path: str) -> Expression:
    """Return the expression of any path, such as ``pick.output.rows[?(@.price > 9)].name``."""
    return Expression(path)


def secret(name: str) -> Expression:
    """Return a secret's value, which is read when a task is handed over and stored nowhere."""
    return Expression("workflow.secrets")[name]


def env(name: str) -> Expression:
    """Return an environment value, as kept by the engine's API of that name."""
    return Expression("workflow.env")[name]


def item(loop: str = "loop") -> Expression:
    """Return the item of the present turn of ``loop(..., over=...)``, named by its reference."""
    return Expression(f"{loop}.output.loopItem")


def iteration(loop: str = "loop") -> Expression:
    """Return the number of the present turn of a loop, from 1, named by its reference."""
    return Expression(f"{loop}.output.iteration")


def rendered(value: Value, what: str) -> JsonValue:
    """Return ``value`` as JSON, expressions as their text.

    Args:
        value: What to render.
        what: Names the value in the error.

    Raises:
        TypeError: It holds something that is neither JSON nor an expression.
    """
    match value:
        case None | str() | bool() | int() | float():
            return value
        case Expression():
            return str(value)
        case BaseModel():
            model: JsonValue = value.model_dump(mode="json", by_alias=True)
            return model
        case Mapping():
            return rendered_map(value, what)
        case list() | tuple():
            return [rendered(each, f"{what}[{n}]") for n, each in enumerate(value)]
    raise TypeError(f"{what}: {_advice(value)}")


def rendered_map(values: Mapping[str, Value], what: str) -> JsonObject:
    """Return ``values`` as a JSON object; see ``rendered``."""
    for key in values:
        if not isinstance(key, str):
            raise TypeError(f"{what}: the key {key!r} is no text")
    return {key: rendered(value, f"{what}.{key}") for key, value in values.items()}


def _advice(value: object) -> str:
    kind = type(value).__name__
    if hasattr(value, "output") and hasattr(value, "ref"):
        return f"a {kind} is no value: pass its .output, or a key of that"
    return f"{kind} is neither JSON nor an expression: {value!r:.80}"
