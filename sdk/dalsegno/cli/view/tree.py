"""Executions and definitions as trees: steps, with what they consist of below them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dalsegno.models import Task, Workflow, WorkflowDef, WorkflowTask

_MOST_ITERATIONS = 5


@dataclass(frozen=True, slots=True)
class Node:
    """A step, or a part of one: a case, a branch, an iteration.

    Attributes:
        label: Reference name of the step, or what the part is called.
        type: Of the step; empty for a part.
        name: Of the task definition, or of the workflow that is started.
        attempts: Oldest first; none if the step has not been reached.
        children: In the order in which they are defined.
    """

    label: str
    type: str = ""
    name: str = ""
    attempts: tuple[Task, ...] = ()
    children: tuple["Node", ...] = ()

    @property
    def is_reached(self) -> bool:
        """True if it, or anything in it, has been reached."""
        return bool(self.attempts) or any(child.is_reached for child in self.children)


def tree_of_definition(definition: WorkflowDef) -> tuple[Node, ...]:
    """Return the steps of a definition, with all cases and branches."""
    return tuple(_defined(step) for step in definition.tasks)


def tree_of_execution(workflow: Workflow) -> tuple[Node, ...]:
    """Return the steps of an execution: those reached, and while it runs those ahead."""
    found = _Found(workflow.tasks)
    nodes = [found.node(step, "") for step in workflow.workflow_definition.tasks]
    nodes += [_of_attempts(attempts) for attempts in found.leftover()]
    if workflow.status.is_terminal:
        nodes = list(_reached(nodes))
    return tuple(nodes)


def _defined(step: WorkflowTask) -> Node:
    children: Iterable[Node] = ()
    match step.type:
        case "SWITCH" | "DECISION":
            children = (Node(case, children=_all(steps)) for case, steps in _cases(step))
        case "FORK_JOIN":
            children = (
                Node(f"branch {number}", children=_all(steps))
                for number, steps in enumerate(step.fork_tasks, 1)
            )
        case "DO_WHILE":
            children = _all(step.loop_over)
    return replace(_bare(step, ""), children=tuple(children))


def _all(steps: Iterable[WorkflowTask]) -> tuple[Node, ...]:
    return tuple(_defined(step) for step in steps)


def _cases(step: WorkflowTask) -> Iterator[tuple[str, Sequence[WorkflowTask]]]:
    for case, steps in step.decision_cases.items():
        yield f"case {case}", steps
    if step.default_case:
        yield "default", step.default_case


def _bare(step: WorkflowTask, suffix: str) -> Node:
    started = step.sub_workflow_param.name if step.sub_workflow_param else None
    return Node(step.task_reference_name + suffix, step.type, started or step.name)


class _Found:
    """The attempts of an execution by reference name; each is taken once."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._by_ref: dict[str, list[Task]] = {}
        for task in sorted(tasks, key=lambda each: (each.seq, each.retry_count)):
            self._by_ref.setdefault(task.reference_task_name, []).append(task)
        self._left = dict.fromkeys(self._by_ref)

    def node(self, step: WorkflowTask, suffix: str) -> Node:
        """Return a step, within the iterations that ``suffix`` tells, and all below it."""
        node = replace(_bare(step, suffix), attempts=self._take(step.task_reference_name + suffix))
        if not node.attempts:
            return node
        return replace(node, children=tuple(self._children(step, suffix, node.attempts[-1])))

    def leftover(self) -> Iterator[tuple[Task, ...]]:
        """Yield the attempts of steps that the definition does not know."""
        for ref in list(self._left):
            if attempts := self._take(ref):
                yield attempts

    def _take(self, ref: str) -> tuple[Task, ...]:
        self._left.pop(ref, None)
        return tuple(self._by_ref.get(ref, ()))

    def _children(self, step: WorkflowTask, suffix: str, last: Task) -> Iterator[Node]:
        match step.type:
            case "SWITCH" | "DECISION":
                for case, steps in _cases(step):
                    nodes = self._all(steps, suffix)
                    if any(node.is_reached for node in nodes):
                        yield Node(case, children=nodes)
            case "FORK_JOIN":
                for number, steps in enumerate(step.fork_tasks, 1):
                    yield Node(f"branch {number}", children=self._all(steps, suffix))
            case "FORK_JOIN_DYNAMIC":
                yield from self._dynamic(last.input_data)
            case "DO_WHILE":
                yield from self._iterations(step, suffix)

    def _all(self, steps: Iterable[WorkflowTask], suffix: str) -> tuple[Node, ...]:
        return tuple(self.node(step, suffix) for step in steps)

    def _dynamic(self, inputs: Mapping[str, object]) -> Iterator[Node]:
        refs = inputs.get("forkedTasks")
        for ref in refs if isinstance(refs, list) else ():
            if isinstance(ref, str) and (attempts := self._take(ref)):
                yield _of_attempts(attempts)

    def _iterations(self, step: WorkflowTask, suffix: str) -> Iterator[Node]:
        numbers = self._numbers([each.task_reference_name for each in step.loop_over], suffix)
        hidden = numbers[:-_MOST_ITERATIONS]
        for number in numbers:
            nodes = self._all(step.loop_over, f"{suffix}__{number}")
            if number not in hidden:
                yield Node(f"iteration {number} of {numbers[-1]}", children=nodes)

    def _numbers(self, refs: Iterable[str], suffix: str) -> list[int]:
        begins = "|".join(re.escape(ref) for ref in refs)
        pattern = re.compile(f"(?:{begins}){re.escape(suffix)}__([0-9]+)")
        matches = (pattern.fullmatch(ref) for ref in self._by_ref)
        return sorted({int(match[1]) for match in matches if match})


def _of_attempts(attempts: tuple[Task, ...]) -> Node:
    task = attempts[-1]
    return Node(task.reference_task_name, task.task_type, task.task_def_name, attempts)


def _reached(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.is_reached:
            yield replace(node, children=tuple(_reached(node.children)))
