"""SIMPLE, and every type nobody knows: work that is done by whoever polls its queue."""

from typing import ClassVar

from dalsegno.models import JsonObject, TaskStatus
from dalsegno_state import attempts, flow
from dalsegno_state.caching import cache_key, cached_output
from dalsegno_state.draft import Draft, Place, runtime_type
from dalsegno_state.ending import give_up
from dalsegno_state.execution import TaskState
from dalsegno_state.reserved_names import work_fault
from dalsegno_state.task_type import Seed
from dalsegno_state.worker_queue import announce, announce_again, choose_domain, visible_at


class Worker:
    """Waits in the queue of its type (and domain) until a worker reports on it."""

    type: ClassVar[str] = "SIMPLE"
    is_instant: ClassVar[bool] = False

    def schedule(self, draft: Draft, place: Place, seed: Seed) -> None:
        """See ``TaskType.schedule``."""
        node = place.node.task
        task_type = runtime_type(node)
        if (fault := work_fault(task_type)) is not None:  # a dynamic fork may say anything
            give_up(draft, None, f"Invalid task {place.ref} specified: {fault}")
            return
        put_in_queue(
            draft,
            place,
            seed,
            task_type=task_type,
            name=node.name,
            domain=choose_domain(draft, task_type, node.name),
        )

    def resume(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.resume``."""
        if task.status is TaskStatus.SCHEDULED:
            announce_again(draft, task, place)

    def proceed(self, draft: Draft, task: TaskState, place: Place) -> None:
        """See ``TaskType.proceed``."""
        flow.advance(draft, place)


def put_in_queue(
    draft: Draft,
    place: Place,
    seed: Seed,
    *,
    task_type: str,
    name: str,
    domain: str | None = None,
    extra: JsonObject | None = None,
) -> None:
    """Create a task, with ``extra`` laid over its input, and announce it in its queue.

    One whose output is cached is born finished, and nobody gets to see it.
    """
    inputs = attempts.input_of(draft, place, seed, draft.task_def(place, name))
    key = cache_key(draft, place, name, inputs)
    cached = cached_output(draft, key)
    task = attempts.new_task(
        draft,
        place,
        seed,
        status=TaskStatus.SCHEDULED if cached is None else TaskStatus.COMPLETED,
        output=cached,
        cache_key=key,
        task_type=task_type,
        name=name,
        inputs={**inputs, **(extra or {})},
        domain=domain,
        delay_seconds=max(0, place.node.task.start_delay),
    )
    if not task.status.is_terminal:
        announce(draft, task, place, at=visible_at(task))
