"""What has become of a world that has come to rest, and in what it differs from a calm one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from dalsegno.models import JsonObject
from tests.crash.differences import differences
from tests.crash.digest import digest_of, leftovers
from tests.crash.ports import Calls
from tests.crash.world import World


@dataclass(frozen=True)
class Outcome:
    """What a calm run came to.

    Attributes:
        calls: The calls it made.
        hand_outs: How often each attempt was handed to a worker.
    """

    calls: Calls
    digest: JsonObject
    elapsed_seconds: float
    hand_outs: Counter[str]


def outcome_of(world: World) -> Outcome:
    """Return what a world has come to in which nothing went wrong."""
    assert not leftovers(world)
    assert world.steps_done == len(world.scenario.steps)
    return Outcome(
        calls=world.calls,
        digest=digest_of(world),
        elapsed_seconds=world.elapsed_seconds,
        hand_outs=Counter(world.handed_out),
    )


def faults_of(world: World, expected: Outcome) -> Iterator[str]:
    """Yield in what a world differs from a calm one, in whatever way it may not."""
    if not world.exists():
        yield "was not started"
        return
    yield from differences(expected.digest, digest_of(world))
    yield from leftovers(world)
    late_seconds = world.elapsed_seconds - expected.elapsed_seconds
    if late_seconds > world.scenario.patience_seconds:
        yield f"came to rest {late_seconds} s late"
    for task_id, count in Counter(world.handed_out).items():
        if count > expected.hand_outs.get(task_id, 1):
            yield f"task {task_id} was handed out {count} times"
