"""The sweeper: each minute it has looked at what is due in the next, and what is to be removed."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

from dalsegno.models import EpochMillis
from dalsegno_functions.observability import Measure, count, instrument
from dalsegno_functions.wiring import aws_engine
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.engine.removal import Removal
from dalsegno_state.events import Expire, Wake, encode_evaluation
from dalsegno_state.ports import Due, Message, Ports, Queues
from dalsegno_state.versions import NewerVersionError
from dalsegno_state.writes import SetWake

logger = logging.getLogger(__name__)

# A little more than until the next sweep: two wakes do no harm, none would cost a minute.
_AHEAD_MS: Final = 65_000
_MOST_DUE: Final = 20_000
_SENDERS: Final = 16
_CHUNK: Final = 100
# What is left when the function's minute is nearly over is what the next sweep begins with.
_LONGEST_SECONDS: Final = 45
# Ten sweeps have had such a workflow looked at in vain, or have not come to it.
_LATE_MS: Final = 600_000
_PUT_OFF_MS: Final = 900_000
# 1.4 million a day; what the evaluator has not come to yet is sent again.
_MOST_EXPIRED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep found.

    Attributes:
        due: How many workflows it has sent to the evaluator.
        lateness_ms: By how much the latest of them is overdue.
    """

    due: int = 0
    lateness_ms: int = 0


def sweep(ports: Ports, most: int = _MOST_DUE) -> Sweep:
    """Send workflows to the evaluator that are due by the next sweep, to arrive in time.

    Those that have waited longest go first, up to ``most`` of them. The wakes stay where they
    are: the evaluation moves them, so nothing is lost with a message. Only of a workflow that is
    very late the wake is put off for a while, since looking at it may have failed each time; as
    many as that could otherwise be the first of every sweep, and crowd out all others.
    """
    now, deadline = ports.clock.now(), monotonic() + _LONGEST_SECONDS
    due = ports.state.due(now + _AHEAD_MS, most)

    def send(chunk: Sequence[Due]) -> int:
        if monotonic() > deadline:
            return 0
        for workflow in chunk:
            if now - workflow.wake_at > _LATE_MS:
                _put_off(ports, workflow, now + _PUT_OFF_MS)
        ports.queues.send([_message(workflow) for workflow in chunk])
        return len(chunk)

    chunks = [due[start : start + _CHUNK] for start in range(0, len(due), _CHUNK)]
    with ThreadPoolExecutor(_SENDERS) as senders:
        sent = sum(senders.map(send, chunks))
    return Sweep(sent, max(0, now - due[0].wake_at) if due else 0)


def sweep_out(queues: Queues, removal: Removal) -> None:
    """Send to the evaluator what may have been kept for long enough; it removes what has been."""
    messages = [
        Message(queue=EVALUATOR_QUEUE, body=encode_evaluation(workflow_id, Expire()))
        for workflow_id in removal.expired(_MOST_EXPIRED)
    ]
    for start in range(0, len(messages), _CHUNK):
        queues.send(messages[start : start + _CHUNK])


@instrument
def handler(_event: object, _context: Any) -> None:
    """Lambda entry point."""
    aws = aws_engine()
    try:
        # First, because many due workflows would make it late; and whatever becomes of it.
        aws.engine.scheduler.announce()
    finally:
        found = sweep(aws.ports)
        count(Measure.WORKFLOWS_DUE, found.due)
        count(Measure.SWEEPER_LATENESS_MILLIS, found.lateness_ms)
    sweep_out(aws.ports.queues, aws.engine.removal)


def _put_off(ports: Ports, due: Due, until: EpochMillis) -> None:
    """Have a workflow looked at again some time later, should this time be in vain too."""
    try:
        workflow = ports.state.workflow(due.workflow_id)
    except NewerVersionError as error:
        logger.warning("%s", error)
        return
    if workflow is not None and workflow.wake_at == due.wake_at:
        put_off = SetWake(due.workflow_id, due.wake_at, until, workflow.wake_interval_ms)
        ports.state.commit([put_off])


def _message(due: Due) -> Message:
    return Message(
        queue=EVALUATOR_QUEUE,
        body=encode_evaluation(due.workflow_id, Wake()),
        deliver_at=due.wake_at,
    )
