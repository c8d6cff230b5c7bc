"""The sweeper: each minute it has workflows and schedules looked at that are due in the next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from dalsegno.models import EpochMillis
from dalsegno_functions.observability import Measure, count, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.events import Wake, encode_evaluation
from dalsegno_state.ports import Message, Ports

# A little more than until the next sweep: two wakes do no harm, none would cost a minute.
_AHEAD_MS: Final = 65_000
_MOST_DUE: Final = 20_000
_READERS: Final = 16
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found.

    Attributes:
        due: How many workflows it has sent to the evaluator.
        lateness_ms: By how much the latest of them is overdue.
    """

    due: int = 0
    lateness_ms: int = 0


def sweep(ports: Ports) -> Sweep:
    """Send every workflow to the evaluator that is due by the next sweep, to arrive in time.

    The wakes stay where they are: the evaluation moves them. So nothing is lost with a message.
    """
    now = ports.clock.now()
    due = ports.state.due(now + _AHEAD_MS, _MOST_DUE)
    found = Sweep()
    for start in range(0, len(due), _CHUNK):
        wakes = list(_wakes(ports, due[start : start + _CHUNK], now + _AHEAD_MS))
        ports.queues.send([_message(workflow_id, at) for workflow_id, at in wakes])
        latest_ms = max((now - at for _, at in wakes), default=0)
        found = Sweep(found.due + len(wakes), max(found.lateness_ms, latest_ms))
    return found


@instrument
def handler(_event: object, _context: Any) -> None:
    """Lambda entry point."""
    found = sweep(aws_engine().ports)
    count(Measure.WORKFLOWS_DUE, found.due)
    count(Measure.SWEEPER_LATENESS_MILLIS, found.lateness_ms)
    aws_engine().engine.scheduler.announce()


def _wakes(
    ports: Ports, workflow_ids: list[str], until: EpochMillis
) -> Iterator[tuple[str, EpochMillis]]:
    """Yield the workflows that are really due, and when: the index they come from lags behind."""
    with ThreadPoolExecutor(_READERS) as readers:
        for workflow in readers.map(ports.state.workflow, workflow_ids):
            if workflow is not None and workflow.wake_at is not None and workflow.wake_at <= until:
                yield workflow.workflow_id, workflow.wake_at


def _message(workflow_id: str, at: EpochMillis) -> Message:
    return Message(
        queue=EVALUATOR_QUEUE, body=encode_evaluation(workflow_id, Wake()), deliver_at=at
    )
