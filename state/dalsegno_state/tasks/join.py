"""JOIN: wait for the branches of a fork."""

from typing import ClassVar

from dalsegno.models import TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.draft import Draft, Place
from dalsegno_state.events import Joined
from dalsegno_state.execution import TaskState
from dalsegno_state.outputs import members
from dalsegno_state.task_type import Seed


class Join:
    """Ends when everybody has arrived; its output is put together when read."""

    type: ClassVar[str] = "JOIN"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        refs = seed.join_on
        if refs is None:
            refs = [place.full_ref(name) for name in dict.fromkeys(place.node.task.join_on)]
        task = attempts.new_task(
            draft,
            place,
            Seed(),
            status=TaskStatus.IN_PROGRESS if refs else TaskStatus.COMPLETED,
            task_type=self.type,
            inputs={"joinOn": list(refs)},
        )
        if not task.status.is_terminal:
            draft.check_join(task.ref, len(refs))

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        draft.check_join(task.ref, len(members(draft, task)))

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def end_join(draft: Draft, event: Joined) -> None:
    """End a JOIN at which everybody has arrived, as well as the worst of them did.

    A member that is open again, because an operator retried it, will arrive once more.
    """
    join = draft.task(event.ref)
    if join is None:
        return
    if join.status.is_terminal:
        draft.agenda.append(join.ref)
        return
    refs = members(draft, join)
    flagged = [refs[index] for index in event.flagged if index < len(refs)]
    draft.require(flagged)
    tasks = [task for ref in flagged if (task := draft.task(ref)) is not None]
    if all(task.status.is_terminal for task in tasks):
        status, reason = _worst(tasks)
        flow.finish(draft, join, draft.place_of(join), status, reason=reason)


def _worst(tasks: list[TaskState]) -> tuple[TaskStatus, str | None]:
    bad = [task for task in tasks if not task.status.is_successful]
    if bad:
        canceled = all(task.status is TaskStatus.CANCELED for task in bad)
        reason = " ".join(task.reason for task in bad if task.reason)
        return (TaskStatus.CANCELED if canceled else TaskStatus.FAILED), reason or None
    flawed = [task for task in tasks if task.status is TaskStatus.COMPLETED_WITH_ERRORS]
    if flawed:
        reason = " ".join(f"{task.name}/{task.task_id} completed with errors" for task in flawed)
        return TaskStatus.COMPLETED_WITH_ERRORS, reason
    return TaskStatus.COMPLETED, None
