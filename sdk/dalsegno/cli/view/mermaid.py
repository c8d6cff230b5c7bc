"""Workflows as Mermaid flow charts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dalsegno.models import Task, Workflow, WorkflowDef, WorkflowTask

_SHAPES: Final = {
    "SWITCH": ("{", "}"),
    "DECISION": ("{", "}"),
    "FORK_JOIN": ("[/", "\\]"),
    "FORK_JOIN_DYNAMIC": ("[/", "\\]"),
    "JOIN": ("[\\", "/]"),
    "EXCLUSIVE_JOIN": ("[\\", "/]"),
    "DO_WHILE": ("{{", "}}"),
    "SUB_WORKFLOW": ("[[", "]]"),
    "TERMINATE": ("([", "])"),
}
_COLOURS: Final = {
    "COMPLETED": "fill:#d4edda,stroke:#2e7d32",
    "IN_PROGRESS": "fill:#d0ebff,stroke:#1565c0",
    "SCHEDULED": "fill:#e7f1ff,stroke:#1565c0,stroke-dasharray:4",
    "FAILED": "fill:#f8d7da,stroke:#c62828",
    "CANCELED": "fill:#eee,stroke:#777",
}
_CLASSES: Final = {
    "COMPLETED_WITH_ERRORS": "COMPLETED",
    "FAILED_WITH_TERMINAL_ERROR": "FAILED",
    "TIMED_OUT": "FAILED",
    "SKIPPED": "CANCELED",
}

_Tail = tuple[str, str]
"""A node from which an arrow goes to the next one, and what is written on it."""


def mermaid(definition: WorkflowDef, execution: Workflow | None = None) -> str:
    """Return a flow chart of a definition; coloured by how far an execution has come, if any."""
    tasks = execution.tasks if execution else ()
    chart = _Chart({_base(task): task for task in tasks})
    chart.add("start", "([", "])", "start")
    chart.join(chart.follow(definition.tasks, [("start", "")]), "finish")
    chart.add("finish", "([", "])", "end")
    if execution:
        chart.lines += [f"  classDef {name} {style}" for name, style in _COLOURS.items()]
    return "\n".join(["flowchart TD", *chart.lines]) + "\n"


def _base(task: Task) -> str:
    return (
        task.reference_task_name.partition("__")[0]
        if task.iteration
        else (task.reference_task_name)
    )


@dataclass(slots=True)
class _Chart:
    last_tasks: dict[str, Task]
    lines: list[str] = field(default_factory=list)
    _count: int = 0

    def add(self, node: str, opens: str, closes: str, text: str, css_class: str = "") -> None:
        quoted = text.replace('"', "#quot;")
        suffix = f":::{css_class}" if css_class else ""
        self.lines.append(f'  {node}{opens}"{quoted}"{closes}{suffix}')

    def join(self, tails: Iterable[_Tail], node: str) -> None:
        for tail, text in tails:
            quoted = text.replace('"', "#quot;")
            self.lines.append(
                f'  {tail} -->|"{quoted}"| {node}' if text else f"  {tail} --> {node}"
            )

    def follow(self, steps: Iterable[WorkflowTask], tails: Sequence[_Tail]) -> Sequence[_Tail]:
        """Add steps after one another; return from where it goes on."""
        for step in steps:
            tails = self._step(step, tails)
        return tails

    def _step(self, step: WorkflowTask, tails: Sequence[_Tail]) -> Sequence[_Tail]:
        self._count += 1
        node = f"n{self._count}"
        opens, closes = _SHAPES.get(step.type, ("[", "]"))
        task = self.last_tasks.get(step.task_reference_name)
        css_class = _CLASSES.get(task.status, task.status) if task else ""
        self.add(node, opens, closes, _text(step), css_class)
        self.join(tails, node)
        return self._after(step, node)

    def _after(self, step: WorkflowTask, node: str) -> Sequence[_Tail]:
        match step.type:
            case "SWITCH" | "DECISION":
                return self._cases(step, node)
            case "FORK_JOIN":
                branches = (self.follow(each, [(node, "")]) for each in step.fork_tasks)
                return [tail for tails in branches for tail in tails]
            case "FORK_JOIN_DYNAMIC":
                return [(node, "each")]
            case "DO_WHILE":
                self.join(self.follow(step.loop_over, [(node, "again")]), node)
                return [(node, "done")]
            case "TERMINATE":
                return []
        return [(node, "")]

    def _cases(self, step: WorkflowTask, node: str) -> Sequence[_Tail]:
        tails: list[_Tail] = []
        for case, steps in step.decision_cases.items():
            tails += self.follow(steps, [(node, case)])
        return [*tails, *self.follow(step.default_case, [(node, "else")])]


def _text(step: WorkflowTask) -> str:
    kind = step.name if step.type == "SIMPLE" else step.type
    return f"{step.task_reference_name}<br/>{kind}"
