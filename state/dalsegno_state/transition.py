"""What a decision comes to: writes in order, then arrivals, messages and further events."""

from dataclasses import dataclass

from dalsegno.models import EpochMillis, JsonObject
from dalsegno_state.events import Event
from dalsegno_state.ports import Message
from dalsegno_state.writes import Arrival, Write


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinArrival:
    """Somebody arrives at a JOIN that waits for ``size`` in all."""

    join_ref: str
    index: int
    size: int
    flagged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedOutput:
    """An output that tasks with the same key may have until it expires."""

    key: str
    output: JsonObject
    expires_at: EpochMillis


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """To be carried out in the order of the attributes; cut short, it is simply decided again.

    Attributes:
        writes: Conditional writes, each of which may stop the rest.
        cached: Outputs to keep for other tasks; one that is lost is made again.
        arrivals: Members to add to JOIN sets; a set that is full is a ``Joined``.
        joins: JOINs whose sets may be full already: ``(reference, size)``.
        launches: SUB_WORKFLOW and START_WORKFLOW tasks whose workflow must be seen to.
        messages: Hints to send once everything above is stored.
        then: Events to decide next, by whoever decided this one.
    """

    writes: tuple[Write, ...] = ()
    cached: tuple[CachedOutput, ...] = ()
    arrivals: tuple[JoinArrival, ...] = ()
    joins: tuple[tuple[str, int], ...] = ()
    launches: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    then: tuple[Event, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to store or to send."""
        return not (self.writes or self.arrivals or self.launches or self.messages or self.then)


SHARD_SIZE = 100


def shard_arrival(workflow_id: str, arrival: JoinArrival) -> Arrival:
    """Return where somebody arrives first: the root of a small JOIN, a shard of a large one."""
    if arrival.size <= SHARD_SIZE:
        return Arrival(workflow_id, arrival.join_ref, "", arrival.index, arrival.flagged)
    shard, member = divmod(arrival.index, SHARD_SIZE)
    return Arrival(workflow_id, arrival.join_ref, str(shard), member, arrival.flagged)


def shard_size(shard: str, size: int) -> int:
    """Return how many members fill a shard of a JOIN that waits for ``size`` tasks."""
    if shard == "":
        return size if size <= SHARD_SIZE else -(-size // SHARD_SIZE)
    return min(SHARD_SIZE, size - int(shard) * SHARD_SIZE)
