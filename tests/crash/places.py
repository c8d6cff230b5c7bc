"""Where a process dies or is refused: chosen so that every kind of call is struck."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.crash.ports import READS, Calls, NthCall, Side

# The name of a call, and the side of it that is struck.
Kind: TypeAlias = tuple[str, Side]

# What these return is in the hands of the caller, who does more with it than the next call.
_RECEIVES: Final = frozenset({"queues.receive", "sqs.ReceiveMessage"})
_NEVER_REFUSED: Final = frozenset({"http.request"})
_RUNS_WITH_REFUSALS: Final = 3


@dataclass(frozen=True)
class Death:
    """One way to leave things behind, however many calls it is beside.

    A process that dies after a call leaves the same behind as one that dies before the next
    call, and a call that only reads leaves everything as it was.

    Attributes:
        number: The number of the call to die at.
        side: The side of that call.
        kinds: Every kind that is struck by this.
    """

    number: int
    side: Side
    kinds: frozenset[Kind]


def deaths(calls: Calls, reads: Collection[str] = READS) -> list[Death]:
    """Return every way to die in a run in which these calls were made, in order."""
    found: list[Death] = []
    struck: list[tuple[int, Side]] = []

    def leave_behind() -> None:
        if struck:
            kinds = frozenset((calls.names[number], side) for number, side in struck)
            found.append(Death(*struck[0], kinds))
            struck.clear()

    for number, name in enumerate(calls.names):
        if calls.acts[number] == number:
            leave_behind()
        struck.append((number, Side.BEFORE))
        if name not in reads:
            leave_behind()
            struck.append((number, Side.AFTER))
            if name in _RECEIVES:
                leave_behind()
    leave_behind()
    return found


def chosen(found: Sequence[Death], *, late: bool) -> list[Death]:
    """Return few deaths that strike each kind once: early ones, or late ones.

    The late ones are others than the early ones as far as there are others, so that both
    together strike each kind at two places.
    """
    early = _covering(kinds_of(found), found)
    if not late:
        return early
    others = [death for death in reversed(found) if death not in early]
    drawn = _covering(kinds_of(others), others)
    return drawn + _covering(kinds_of(found) - kinds_of(drawn), early)


def refusals(names: Iterable[str], *, late: bool) -> list[NthCall]:
    """Return the calls to refuse: of each name the first, or a middle one."""
    counts = Counter(name for name in names if name not in _NEVER_REFUSED)
    return [(name, count // 2 if late else 0) for name, count in counts.items()]


def sampled_strikes(calm: Calls, *, late: bool) -> Iterator[Calls]:
    """Yield calls to run with that strike each kind of death and each kind of refusal once.

    With ``late`` they are struck at other places, as far as there are others. A process outlives
    a refusal, so that one run can have many.
    """
    for death in chosen(deaths(calm), late=late):
        yield Calls(crashes={death.number: death.side})
    to_refuse = refusals(calm.names, late=late)
    for turn in range(_RUNS_WITH_REFUSALS):
        refused = to_refuse[turn::_RUNS_WITH_REFUSALS]
        calls = Calls(refusals=refused)
        yield calls
        struck = {calls.names[number] for number in calls.died_at}
        for name, before in refused:
            if name not in struck:  # the other refusals have made calls of this name rare
                yield Calls(refusals=[(name, before)])


def all_strikes(calm: Calls) -> Iterator[Calls]:
    """Yield calls to run with that strike every call at each side, and refuse it, one at a time."""
    for number, name in enumerate(calm.names):
        yield Calls(crashes={number: Side.BEFORE})
        if name not in READS:
            yield Calls(crashes={number: Side.AFTER})
        if name not in _NEVER_REFUSED:
            yield Calls(crashes={number: Side.REFUSED})


def kinds_of(found: Iterable[Death]) -> set[Kind]:
    """Return the kinds that any of these deaths strikes."""
    return {kind for death in found for kind in death.kinds}


def _covering(kinds: set[Kind], found: Sequence[Death]) -> list[Death]:
    """Return few of the deaths that strike all these kinds, the first where it does not matter."""
    drawn: list[Death] = []
    missing = set(kinds)
    while missing:
        best = max(found, key=lambda death: len(death.kinds & missing))
        missing -= best.kinds
        drawn.append(best)
    return drawn
