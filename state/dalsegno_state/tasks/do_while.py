"""DO_WHILE: repeat a list of tasks while a condition holds, or once for each item."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Final

from dalsegno.models import JsonObject, JsonValue, TaskStatus, WorkflowTask
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.ending import give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.forgetting import kept_turns
from dalsegno_state.outputs import output_of
from dalsegno_state.scripts import ScriptError
from dalsegno_state.task_type import Seed

# It is searched for the name of each task in the loop.
_MAX_CONDITION_CHARACTERS: Final = 10_000
# What follows a loop's name where only its number of turns is read. Blanks are counted, so that a
# long row of them is not looked at again and again.
_READ_COUNT: Final = (
    r"""['"]?\]?\s{0,9}(?:\.\s{0,9}iteration\b|\[\s{0,9}['"]iteration['"]\s{0,9}\])"""
)


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    has_items = task.items is not None or "_items" in task.input_parameters
    if task.loop_condition is None and not has_items:
        yield f"loopCondition field is required for taskType: DO_WHILE taskName: {task.name}"
    elif len(task.loop_condition or "") > _MAX_CONDITION_CHARACTERS:
        yield (
            f"loopCondition: longer than {_MAX_CONDITION_CHARACTERS:,} characters for taskType: "
            f"DO_WHILE taskName: {task.name}"
        )
    if not task.loop_over:
        yield f"loopOver field is required for taskType: DO_WHILE taskName: {task.name}"


class DoWhile:
    """Is in progress turn by turn; the turn it is in is stored before anything of it begins."""

    type: ClassVar[str] = "DO_WHILE"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        if not place.node.task.loop_over:  # a dynamic fork may list it so
            give_up(draft, None, f"{place.ref} has nothing to repeat: give it loopOver")
            return
        items = _items(draft, place)
        inputs = attempts.input_of(draft, place, seed, None)
        is_empty = items is not None and not items
        task = attempts.new_task(
            draft,
            place,
            seed,
            status=TaskStatus.COMPLETED if is_empty else TaskStatus.IN_PROGRESS,
            inputs=inputs,
            output={"iteration": 0} if is_empty else _turn_output(1, items),
            turn=0 if is_empty else 1,
        )
        if not task.status.is_terminal:
            flow.schedule(draft, _body(place, 1))

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``: begin the turn, or end it."""
        body = _body(place, task.turn)
        if _turn_has_ended(draft, body):
            _end_turn(draft, task, place)
        else:
            flow.schedule(draft, body)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def _body(place: Place, turn: int) -> Place:
    """Return the first place of a turn."""
    first = place.node.task.loop_over[0].task_reference_name
    return place.at(first, (*place.iterations, turn))


def _turn_has_ended(draft: Draft, body: Place) -> bool:
    if not flow.has_ended(draft, body):
        return False
    loose = (ref for ref in body.plan.loose_ends if body.plan.nodes[ref].loops == body.node.loops)
    return all(flow.has_ended(draft, body.at(ref)) for ref in loose)


def _end_turn(draft: Draft, loop: TaskState, place: Place) -> None:
    items = _items(draft, place)
    try:
        goes_on = _goes_on(draft, loop, place, items)
    except ScriptError as error:
        reason = f"Unable to evaluate condition {place.node.task.loop_condition}, exception {error}"
        status = TaskStatus.FAILED_WITH_TERMINAL_ERROR
        flow.finish(draft, loop, place, status, reason=reason)
        return
    _forget_old_turns(draft, loop, place)
    if not goes_on:
        flow.finish(draft, loop, place, TaskStatus.COMPLETED)
        return
    turn = loop.turn + 1
    draft.replace(
        loop, replace(loop, turn=turn, output=_turn_output(turn, items), updated_at=draft.now)
    )
    flow.schedule(draft, _body(place, turn))


def _goes_on(draft: Draft, loop: TaskState, place: Place, items: list[JsonValue] | None) -> bool:
    if items is not None and loop.turn >= len(items):
        return False
    condition = place.node.task.loop_condition
    if not condition:
        return items is not None
    value = draft.tools.scripts.javascript(condition, _condition_inputs(draft, loop, place))
    return value is True or (isinstance(value, (int, float)) and value > 0)


def _condition_inputs(draft: Draft, loop: TaskState, place: Place) -> JsonObject:
    """Return what ``$`` holds in a condition: only what the condition speaks of is read."""
    condition = place.node.task.loop_condition or ""
    inputs = attempts.evaluated(draft, place.node.task.input_parameters)
    shown: JsonObject = dict(inputs) if isinstance(inputs, dict) else {}
    for node in place.plan.contents(place.node.ref):
        if _mentions(condition, node.ref):
            task = draft.latest(node.ref)
            shown[node.ref] = {} if task is None else output_of(draft, task)
    only_counts = re.sub(re.escape(place.node.ref) + _READ_COUNT, "", condition)
    whole = _mentions(only_counts, place.node.ref)
    counts = draft.payload(loop.output)
    shown.update({name: counts[name] for name in ("loopIndex", "loopItem") if name in counts})
    shown[place.node.ref] = output_of(draft, loop) if whole else draft.payload(loop.output)
    return shown


def _mentions(script: str, name: str) -> bool:
    return re.search(rf"(?<![\w$]){re.escape(name)}(?!\w)", script) is not None


def _items(draft: Draft, place: Place) -> list[JsonValue] | None:
    """Return what a loop over a list goes through; a single value counts as a list of one."""
    node = place.node.task
    template: JsonValue = node.items
    if template is None:
        template = node.input_parameters.get("_items")
    if template is None:
        return None
    value = attempts.evaluated(draft, template)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _turn_output(turn: int, items: list[JsonValue] | None) -> JsonObject:
    if items is None:
        return {"iteration": turn}
    item = items[turn - 1] if turn <= len(items) else None
    return {"iteration": turn, "loopIndex": turn - 1, "loopItem": item}


def _forget_old_turns(draft: Draft, loop: TaskState, place: Place) -> None:
    """Delete the turn that falls out of ``keepLastN``."""
    keep = kept_turns(draft, loop)
    if keep is not None and keep < loop.turn:
        _forget_turn(draft, place, loop.turn - keep)


def _forget_turn(draft: Draft, place: Place, turn: int) -> None:
    iterations = (*place.iterations, turn)
    for node in place.plan.contents(place.node.ref):
        inner_place = place.at(node.ref, iterations)
        if node.task.type == "DO_WHILE":
            inner = draft.task(inner_place.ref)
            for inner_turn in range(1, 1 + (inner.turn if inner is not None else 0)):
                _forget_turn(draft, inner_place, inner_turn)
        draft.delete(inner_place.ref)
