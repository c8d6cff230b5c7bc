"""Trees as lines of a terminal."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.text import Text

from dalsegno.cli.view.statuses import colour, sign, word
from dalsegno.cli.view.times import duration
from dalsegno.cli.view.tree import Node
from dalsegno.models import Task

_GAP = "  "


@dataclass(frozen=True, slots=True)
class _Row:
    node: Node
    before: str
    below: str


def tree_lines(nodes: Sequence[Node], *, width: int, now: int) -> list[Text]:
    """Return one line per step, and one per attempt of which there is something to tell."""
    rows = list(_rows(nodes, ""))
    label_width = max((len(_label(row)) for row in rows), default=0)
    type_width = max((len(row.node.type) for row in rows), default=0)
    return [
        line
        for row in rows
        for line in (_step_line(row, label_width, type_width, now), *_notes(row, width))
    ]


def outline(nodes: Sequence[Node]) -> list[str]:
    """Return the steps of a definition as plain text."""
    rows = list(_rows(nodes, ""))
    width = max((len(row.before + row.node.label) for row in rows), default=0)
    return [
        f"{row.before + row.node.label:<{width}}{_GAP}{_kind(row.node)}".rstrip() for row in rows
    ]


def _kind(node: Node) -> str:
    return f"{node.type} {node.name}" if node.name not in {"", node.label} else node.type


def _rows(nodes: Sequence[Node], indent: str, *, top: bool = True) -> Iterator[_Row]:
    for number, node in enumerate(nodes, 1):
        is_last = number == len(nodes)
        branch, below = ("", "") if top else ("└ ", "  ") if is_last else ("├ ", "│ ")
        beneath = "│ " if node.children else "  "
        yield _Row(node, indent + branch, indent + below + beneath)
        yield from _rows(node.children, indent + below, top=False)


def _label(row: _Row) -> str:
    mark = f"{_sign(row.node)} " if row.node.type else ""
    return f"{row.before}{mark}{row.node.label}"


def _sign(node: Node) -> str:
    return sign(node.attempts[-1].status) if node.attempts else "·"


def _step_line(row: _Row, label_width: int, type_width: int, now: int) -> Text:
    line = Text(no_wrap=True, overflow="ellipsis")
    if not row.node.type:
        return line.append(_label(row), "italic dim")
    line.append(f"{_label(row):<{label_width}}{_GAP}", "" if row.node.attempts else "dim")
    line.append(f"{row.node.type:<{type_width}}{_GAP}", "dim")
    if row.node.attempts:
        last = row.node.attempts[-1]
        line.append(f"{word(last.status):<11}", colour(last.status))
        line.append(f"{_GAP}{_took(last, now):>8}")
        if len(row.node.attempts) > 1:
            line.append(f"{_GAP}attempt {len(row.node.attempts)}", "yellow")
    line.rstrip()
    return line


def _took(task: Task, now: int) -> str:
    if not (task.start_time or task.scheduled_time):
        return ""
    if task.status == "SCHEDULED":
        return ""
    end = task.end_time if task.status.is_terminal else now
    return duration((end or now) - (task.start_time or task.scheduled_time))


def _notes(row: _Row, width: int) -> Iterator[Text]:
    *earlier, last = row.node.attempts or (None,)
    for number, task in enumerate(earlier, 1):
        if task is not None:
            yield from _note(row, _tale(task, number), colour(task.status), width)
    if last is None:
        return
    if last.reason_for_incompletion and last.status != "COMPLETED":
        yield from _note(row, last.reason_for_incompletion, colour(last.status), width)
    if last.sub_workflow_id:
        yield from _note(row, f"workflow {last.sub_workflow_id}", "dim", width)


def _tale(task: Task, number: int) -> str:
    took = f" after {duration(task.end_time - task.start_time)}" if task.start_time else ""
    reason = f": {task.reason_for_incompletion}" if task.reason_for_incompletion else ""
    return f"attempt {number} {word(task.status)}{took}{reason}"


def _note(row: _Row, text: str, style: str, width: int) -> Iterator[Text]:
    indent = f"{row.below}"
    room = max(width - len(indent) - 1, 20)
    for line in textwrap.wrap(" ".join(text.split()), room, break_on_hyphens=False):
        yield Text.assemble((indent, "dim"), (line, style), no_wrap=True)
