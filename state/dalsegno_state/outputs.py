"""Outputs: those of JOIN and DO_WHILE repeat other tasks' and are put together when read."""

from collections.abc import Sequence
from typing import Protocol

from dalsegno.models import JsonObject, JsonValue, TaskStatus
from dalsegno_state.draft import Place
from dalsegno_state.execution import Payload, TaskState
from dalsegno_state.expressions import walk


class Reader(Protocol):
    """What is needed to put outputs together; each call may raise ``NotLoadedError``."""

    def task(self, ref: str) -> TaskState | None:
        """Return a task."""
        ...

    def require(self, refs: Sequence[str]) -> None:
        """See that all these tasks are loaded."""
        ...

    def payload(self, payload: Payload) -> JsonObject:
        """Return a payload's content."""
        ...

    def everything(self) -> list[TaskState]:
        """Return all tasks of the workflow."""
        ...

    def place_of(self, task: TaskState) -> Place:
        """Return where a task stands."""
        ...


def output_of(reader: Reader, task: TaskState) -> JsonObject:
    """Return a task's whole output."""
    if task.task_type == "JOIN":
        return _joined(reader, task)
    if task.task_type == "DO_WHILE":
        return {**reader.payload(task.output), **_turns(reader, task)}
    return reader.payload(task.output)


def find_in_output(reader: Reader, task: TaskState, path: Sequence[str | int]) -> JsonValue:
    """Return what a path leads to in a task's output, reading no more than it takes."""
    if not path:
        return output_of(reader, task)
    if task.task_type == "JOIN":
        return _find_joined(reader, task, path)
    stored = reader.payload(task.output)
    if task.task_type == "DO_WHILE" and path[0] not in stored:
        return walk(output_of(reader, task), path)
    return walk(stored, path)


def members(reader: Reader, join: TaskState) -> list[str]:
    """Return the full references of the tasks a JOIN waits for."""
    names = reader.payload(join.input).get("joinOn")
    return [str(name) for name in names] if isinstance(names, list) else []


def _joined(reader: Reader, join: TaskState) -> JsonObject:
    refs = members(reader, join)
    reader.require(refs)
    output: JsonObject = dict(reader.payload(join.output))
    for ref in refs:
        task = reader.task(ref)
        if task is not None and task.status is not TaskStatus.SKIPPED:
            part = output_of(reader, task)
            if part:
                output[ref] = part
    return output


def _find_joined(reader: Reader, join: TaskState, path: Sequence[str | int]) -> JsonValue:
    stored = reader.payload(join.output)
    if path[0] in stored:
        return walk(stored, path)
    if path[0] not in members(reader, join):
        return None
    task = reader.task(str(path[0]))
    found = None if task is None else find_in_output(reader, task, path[1:])
    return found or None if len(path) == 1 else found


def _turns(reader: Reader, loop: TaskState) -> JsonObject:
    depth = len(loop.iterations)
    turns: dict[int, JsonObject] = {}
    place = reader.place_of(loop)
    inside = {node.ref for node in place.plan.contents(place.node.ref)}
    for task in reader.everything():
        same_loop = task.iterations[:depth] == loop.iterations
        if same_loop and len(task.iterations) == depth + 1 and task.base_ref in inside:
            turn = turns.setdefault(task.iterations[-1], {})
            turn[task.base_ref] = output_of(reader, task)
    return {str(number): turns[number] for number in sorted(turns)}
