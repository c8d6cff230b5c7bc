"""Steps again and again."""

from collections.abc import Mapping
from typing import Any

from dalsegno.definitions.errors import refuse
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.script import Script, script_of
from dalsegno.definitions.steps.step import Step, Steps, some_tasks_of, step_of


def loop(
    steps: Steps,
    /,
    ref: str = "loop",
    *,
    while_: str | Script | None = None,
    times: int | Expression | None = None,
    over: Expression | str | list[Value] | None = None,
) -> Step:
    """Return steps that are repeated, one turn after the other, at least once unless ``over``.

    Args:
        steps: What each turn does; ``item(ref)`` and ``iteration(ref)`` tell it which turn it is.
        ref: Reference name.
        while_: JavaScript, asked after each turn, over the outputs of the loop and its steps:
            ``$.check.done === false``.
        times: How often.
        over: A list; a turn for each item, for as long as ``while_`` holds, if that is given.

    Raises:
        InvalidDefinitionError: There is no step, or not one way to end.
    """
    what = f"loop {ref}"
    body = some_tasks_of(steps, what)
    if (times is None) == (while_ is None and over is None):
        raise refuse(what, "say when it ends: by while_, times or over")
    condition, inputs = _ending(ref, while_, times)
    items: dict[str, Any] = {} if over is None else _items(over)
    given = {**inputs, **items.pop("inputParameters", {})}
    return step_of("DO_WHILE", ref, given, loopCondition=condition, loopOver=body, **items)


def _ending(
    ref: str, while_: str | Script | None, times: int | Expression | None
) -> tuple[str, Mapping[str, Value]]:
    if while_ is not None:
        script = script_of(while_)
        return script.text, script.inputs
    if times is None:
        return "", {}
    turn = f"$.{ref}['iteration']" if ref.isidentifier() else f"$['{ref}']['iteration']"
    if isinstance(times, Expression):
        return f"{turn} < $.times", {"times": times}
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise refuse(f"loop {ref}", f"times is {times!r}: give a number from 1, or an expression")
    return f"{turn} < {times}", {}


def _items(over: Expression | str | list[Value]) -> dict[str, Any]:
    """Return where the engine looks for a loop's list: a field for text, an input for a list."""
    if isinstance(over, list):
        return {"inputParameters": {"_items": over}}
    return {"items": str(over)}
