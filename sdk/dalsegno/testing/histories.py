"""Golden histories: may executions that run by one definition go on by another?"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalsegno.models import JsonObject, Task, TaskStatus, Workflow
from dalsegno.testing.definitions import Source, read_definition
from dalsegno_state.execution import TaskState
from dalsegno_state.operations import upgrade_obstacles
from dalsegno_state.plan import Node, Plan, compile_plan
from dalsegno_state.validation import check_workflow_def

if TYPE_CHECKING:
    from dalsegno.testing.run import Run


@dataclass(frozen=True)
class Point:
    """A moment in a history, and whether an execution that stands there can be upgraded.

    Attributes:
        moment: The last thing that had happened by then.
        obstacles: Why it cannot; the engine would refuse it.
        passed: Tasks of the new definition that would count as done, without being done: they
            stand before the place that execution has come to.
    """

    moment: str
    obstacles: tuple[str, ...]
    passed: tuple[str, ...]

    @property
    def is_safe(self) -> bool:
        """Whether the execution goes on as if it had run by the new definition all along."""
        return not self.obstacles and not self.passed


@dataclass(frozen=True)
class Replay:
    """A history held against a changed definition.

    Attributes:
        points: Every moment of it, from the start on; the end is left out: what has ended is
            not upgraded.
    """

    name: str
    points: tuple[Point, ...]

    @property
    def is_safe(self) -> bool:
        """Whether an execution can be upgraded wherever it stands."""
        return all(point.is_safe for point in self.points)

    def assert_safe(self) -> None:
        """Fail the test unless an execution can be upgraded wherever it stands."""
        if not self.is_safe:
            raise AssertionError(str(self))

    def __str__(self) -> str:
        """Return one line for each moment, and what is wrong there."""
        verdict = "safe" if self.is_safe else "not safe"
        lines = [f"{self.name}: {verdict} to upgrade running executions"]
        for point in self.points:
            lines.append(f"  {'ok ' if point.is_safe else 'NOT'}  once {point.moment}")
            lines.extend(f"         refused: {obstacle}" for obstacle in point.obstacles)
            lines.extend(f"         {ref} would count as done, undone" for ref in point.passed)
        return "\n".join(lines)


def replay(history: JsonObject | str | Path, definition: Source) -> Replay:
    """Return whether executions with such a history can go on by a changed definition.

    The rules are those of the engine's upgrade; the history is gone through from its beginning,
    event by event, as if an execution stood there.

    Args:
        history: ``Run.history()``, or what ``GET /workflow/{id}?includeTasks=true`` returns; or
            the path of a file that holds it.
        definition: The new definition, given as to ``WorkflowTest``.

    Raises:
        ValueError: It is of another workflow.
        InvalidRequestError: The definition could not be registered.
    """
    execution = Workflow.model_validate(_content(history))
    new = read_definition(definition)
    old = execution.workflow_definition
    if new.name != old.name:
        raise ValueError(f"the history is of workflow {old.name}, the definition of {new.name}")
    check_workflow_def(new)
    before, after = compile_plan(old), compile_plan(new)
    points = (_point(moment, before, after, tasks) for moment, tasks in _moments(execution, before))
    return Replay(f"{new.name} {old.version} to {new.version}", tuple(points))


def _content(history: JsonObject | str | Path) -> Any:
    return history if isinstance(history, dict) else json.loads(Path(history).read_bytes())


def _point(moment: str, old: Plan, new: Plan, tasks: list[TaskState]) -> Point:
    obstacles = tuple(upgrade_obstacles(old, new, tasks))
    refs = {task.base_ref for task in tasks}
    passed = () if obstacles or not new.first_ref else tuple(_passed(new, new.first_ref, refs))
    return Point(moment, obstacles, passed)


def _passed(plan: Plan, first_ref: str, refs: set[str]) -> Iterator[str]:
    """Yield the tasks that a list, and those within it, has before the last one that exists."""
    nodes: list[Node] = list(plan.list_from(plan.nodes[first_ref]))
    last = max((number for number, node in enumerate(nodes) if node.ref in refs), default=-1)
    for node in nodes[: last + 1]:
        if node.ref not in refs:
            yield node.ref
            continue
        for inner in plan.lists_in(node.ref):
            yield from _passed(plan, inner.ref, refs)


def _moments(execution: Workflow, plan: Plan) -> Iterator[tuple[str, list[TaskState]]]:
    """Yield what had happened last, and the tasks there were then."""
    there: dict[str, TaskState] = {}
    yield "started", []
    events = list(_events(execution.tasks))
    for number, (_, _, task, status) in enumerate(events):
        ref = task.reference_task_name
        there[ref] = _state(task, status, plan)
        is_last = number == len(events) - 1 and execution.status.is_terminal
        if not is_last:
            verb = f"is {status}" if status is not TaskStatus.SCHEDULED else "is to be done"
            yield f"{ref} {verb}", list(there.values())


def _events(tasks: Iterable[Task]) -> list[tuple[int, int, Task, TaskStatus]]:
    """Return when each attempt came into being and ended, in order."""
    events = []
    for number, task in enumerate(tasks):
        events.append((task.scheduled_time, 2 * number, task, TaskStatus.SCHEDULED))
        if task.status.is_terminal:
            events.append(
                (max(task.end_time, task.scheduled_time), 2 * number + 1, task, task.status)
            )
    return sorted(events, key=lambda event: event[:2])


def _state(task: Task, status: TaskStatus, plan: Plan) -> TaskState:
    """Return a task as the engine's rules want it; one of a dynamic branch is in no plan."""
    base_ref = task.workflow_task.task_reference_name or task.reference_task_name
    return TaskState(
        workflow_id=task.workflow_instance_id,
        ref=task.reference_task_name,
        base_ref=base_ref,
        task_id=task.task_id,
        task_type=task.task_type,
        name=task.task_def_name,
        status=status,
        sequence=task.seq,
        scheduled_at=task.scheduled_time,
        first_scheduled_at=task.scheduled_time,
        node=None if base_ref in plan.nodes else {},
    )


class GoldenHistories:
    """Histories kept beside a test, one file each.

    Args:
        directory: Where they are kept.
        update: Write them, instead of holding them against what is there now.
    """

    def __init__(self, directory: Path, *, update: bool) -> None:
        self._directory = directory
        self._update = update

    def check(self, name: str, run: "Run") -> None:
        """Fail unless executions with the kept history can go on by the definition of a run.

        With ``update``, keep the history of that run instead; do so when a version is released.

        Raises:
            AssertionError: None is kept, or they cannot.
        """
        path = self._directory / f"{name}.json"
        if self._update:
            self._directory.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(run.history(), indent=2, ensure_ascii=False) + "\n")
            return
        if not path.exists():
            raise AssertionError(f"{path} does not exist: run pytest with --update-histories")
        replay(path, run.definition).assert_safe()
