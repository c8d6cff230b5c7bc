"""Whether somebody does the work that there is."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from dalsegno.cli.doctor.finding import Finding, ok, warning
from dalsegno.cli.view.times import now_millis, relative

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno
    from dalsegno.models import WorkflowDef, WorkflowTask

# Polls are remembered every few seconds; who has not asked for so long has gone.
_RECENT_MS: Final = 60_000
_FIX: Final = "dalsegno worker run MODULE; workers on SQS and LambdaWorkers do not poll"
_MOST_NAMED: Final = 5


def findings(client: "Dalsegno") -> Iterator[Finding]:
    """Yield queues that nobody empties, and task types that nobody does."""
    now = now_millis()
    polled: dict[str, int] = {}
    for poll in client.queues.polls():
        polled[poll.queue_name] = max(polled.get(poll.queue_name, 0), poll.last_poll_time)
    sizes = client.queues.sizes()
    waiting = {name: count for name, count in sizes.items() if count and _is_for_workers(name)}
    stuck = [name for name in sorted(waiting) if now - polled.get(name, 0) > _RECENT_MS]
    for name in stuck:
        last = polled.get(name)
        since = f"the last poll was {relative(last, now)}" if last else "nobody has ever polled"
        yield warning("queues", f"{name}: {waiting[name]} tasks wait, and {since}", _FIX)
    if not stuck:
        yield ok("queues", "somebody asks for every task that waits")
    yield _undone(client.definitions.workflows.latest(), set(polled))


def _is_for_workers(queue: str) -> bool:
    """Return whether it is not one of those that the engine empties by itself."""
    return queue != "HTTP" and not queue.startswith("_")


def _undone(definitions: "Iterable[WorkflowDef]", polled: set[str]) -> Finding:
    by_type: dict[str, str] = {}
    for definition in definitions:
        for task in _all_tasks(definition.tasks):
            if task.type == "SIMPLE" and task.name not in polled:
                by_type.setdefault(task.name, definition.name)
    if not by_type:
        return ok("definitions", "workers have asked for every task type of every definition")
    named = [f"{task_type} (in {name})" for task_type, name in sorted(by_type.items())]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    what = f"no worker has ever asked for {', '.join(named[:_MOST_NAMED])}{more}"
    return warning("definitions", what, _FIX)


def _all_tasks(tasks: "Iterable[WorkflowTask]") -> "Iterator[WorkflowTask]":
    for task in tasks:
        yield task
        below = (*task.decision_cases.values(), task.default_case, *task.fork_tasks, task.loop_over)
        for each in below:
            yield from _all_tasks(each)
