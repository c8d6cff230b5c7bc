"""DYNAMIC: run the task that an input value names."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import WorkflowTask
from dalsegno_state import attempts
from dalsegno_state.draft import Draft, Place
from dalsegno_state.ending import give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.reserved_names import SYSTEM_WORK, work_fault
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.worker import put_in_queue
from dalsegno_state.worker_queue import choose_domain


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not task.dynamic_task_name_param:
        yield f"dynamicTaskNameParam field is required for taskType: DYNAMIC taskName: {task.name}"


class Dynamic:
    """Becomes a task of the type its input names, with that name's definition."""

    type: ClassVar[str] = "DYNAMIC"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        node = place.node.task
        inputs = attempts.input_of(draft, place, seed, None)
        name = inputs.get(node.dynamic_task_name_param or "")
        if not isinstance(name, str) or not name:
            reason = (
                "Cannot map a dynamic task based on the parameter and input. Parameter= "
                f"{node.dynamic_task_name_param}, input= {node.task_reference_name}"
            )
            give_up(draft, None, reason)
        elif draft.task_def(place, name) is None:
            reason = (
                f"Invalid task specified.  Cannot find task by name {name} in the task definitions"
            )
            give_up(draft, None, reason)
        elif name not in SYSTEM_WORK and (fault := work_fault(name)) is not None:
            give_up(draft, None, f"Invalid task specified.  {fault}")
        else:
            put_in_queue(
                draft,
                place,
                seed,
                task_type=name,
                name=name,
                domain=choose_domain(draft, name, name),
            )

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """Never asked: once it exists, it is a task of another type."""

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """Never asked: once it exists, it is a task of another type."""
