"""EXCLUSIVE_JOIN: go on with the first of several branches that was taken."""

from collections.abc import Sequence
from typing import ClassVar

from dalsegno.models import TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.execution import TaskState
from dalsegno_state.outputs import output_of
from dalsegno_state.task_type import Seed


class ExclusiveJoin:
    """Ends with, and outputs what, the first present task of ``joinOn`` did."""

    type: ClassVar[str] = "EXCLUSIVE_JOIN"
    is_instant: ClassVar[bool] = True

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        node = place.node.task
        task = attempts.new_task(
            draft,
            place,
            seed,
            status=TaskStatus.IN_PROGRESS,
            task_type=self.type,
            inputs={
                "joinOn": [place.full_ref(name) for name in node.join_on],
                "defaultExclusiveJoinTask": [
                    place.full_ref(name) for name in node.default_exclusive_join_task
                ],
            },
        )
        draft.agenda.append(task.ref)

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        node = place.node.task
        joined = _first(draft, place, node.join_on) or _first(
            draft, place, node.default_exclusive_join_task
        )
        if joined is None:
            if _none_comes(draft, place):
                flow.finish(draft, task, place, TaskStatus.COMPLETED)
            return
        if not flow.is_over(draft, joined, draft.place_of(joined)):
            return
        output = output_of(draft, joined)
        if joined.status.is_successful:
            flow.finish(draft, task, place, TaskStatus.COMPLETED, output=output)
        else:
            flow.finish(draft, task, place, TaskStatus.FAILED, output=output, reason=joined.reason)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def _first(draft: Draft, place: Place, names: Sequence[str]) -> TaskState | None:
    """Return the first of the named tasks that exists and was not skipped."""
    refs = [place.full_ref(name) for name in names]
    draft.require(refs)
    present = (draft.task(ref) for ref in refs)
    return next((t for t in present if t and t.status is not TaskStatus.SKIPPED), None)


def _none_comes(draft: Draft, place: Place) -> bool:
    """Return whether all of the named tasks were skipped, or are in what was skipped."""
    node = place.node.task
    named = [*node.join_on, *node.default_exclusive_join_task]
    known = [place.at(name) for name in named if name in place.plan.nodes]
    return bool(known) and all(flow.is_stepped_over(draft, each) for each in known)
