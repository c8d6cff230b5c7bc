"""What WAIT and HUMAN have in common: nobody works on them, so an attempt begins by itself."""

from dataclasses import replace

from dalsegno.models import EpochMillis, TaskStatus
from dalsegno_state.draft import Draft
from dalsegno_state.execution import TaskState
from dalsegno_state.worker_queue import visible_at


def is_due(draft: Draft, task: TaskState) -> bool:
    """Return whether a scheduled attempt's delay is over; otherwise have it looked at then."""
    due_at = visible_at(task)
    if draft.now < due_at:
        draft.look_later(task.ref, at=due_at)
        return False
    return True


def begun(task: TaskState, now: EpochMillis, *, wait_until: EpochMillis | None) -> TaskState:
    """Return a scheduled attempt in progress; ``wait_until`` is when it completes by itself."""
    return replace(
        task,
        status=TaskStatus.IN_PROGRESS,
        started_at=now,
        updated_at=now,
        callback_after_seconds=0,
        wait_until=wait_until,
    )
