"""FORK_JOIN: run several branches side by side."""

from collections.abc import Iterator
from typing import ClassVar

from dalsegno.models import JsonObject, WorkflowTask
from dalsegno_state import flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.ending import give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.task_type import Seed
from dalsegno_state.tasks.instant import InstantTask, Outcome


def violations(task: WorkflowTask) -> Iterator[str]:
    """Yield what keeps ``task`` from being registered."""
    if not task.fork_tasks:
        of_task = f"taskType: FORK_JOIN taskName: {task.name}"
        yield f"forkTasks should have atleast one task for {of_task}"


class ForkJoin(InstantTask):
    """Completes at once; schedules the first task of each branch, and the JOIN behind it."""

    type: ClassVar[str] = "FORK"

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        if is_followed_by_join(place):
            super().schedule(draft, place, seed)
        else:
            give_up(
                draft,
                None,
                "Fork task definition is not followed by a join task.  Check the blueprint",
            )

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        return Outcome()

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        for branch in place.node.task.fork_tasks:
            if branch:
                flow.schedule(draft, place.at(branch[0].task_reference_name))
                flow.drain(draft)
        flow.advance(draft, place)


def is_followed_by_join(place: Place) -> bool:
    """Return whether a fork's next neighbour is its JOIN."""
    next_ref = place.node.next_ref
    return next_ref is not None and place.plan.nodes[next_ref].task.type == "JOIN"
