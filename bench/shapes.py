"""The workflows whose cost is counted, each run on an emulated AWS as its workers would run it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench import definitions
from bench.metered import BATCH, MeteredWorld
from dalsegno.costs.bill import Counts, Elsewhere
from dalsegno.models import JsonObject, TaskResultStatus, TaskStatus

TEN_AT_A_TIME: Final = "3 tasks, workers poll ten at a time"
ON_SQS: Final = "3 tasks, workers on SQS"
STEPS: Final = ("charge", "pack", "ship")
_DAY_MS: Final = 86_400_000
_SWEEPS_A_DAY: Final = 1_440
_INPUTS: Final[JsonObject] = {
    name: f"${{workflow.input.{name}}}" for name in ("order", "customer", "items")
}


@dataclass(frozen=True, slots=True)
class Cost:
    """What one of something takes, and what it would be elsewhere, where it exists there."""

    name: str
    counts: Counts
    elsewhere: Elsewhere | None = None


def small(world: MeteredWorld) -> list[Cost]:
    """Return what whole workflows of a few tasks cost."""
    _define(world)
    for warm in (_poll_one, _from_queue, _retry, _nest):  # done once by a process is not counted
        warm(world)
    steps = Elsewhere(transitions=3, operations=4)
    return [
        Cost(TEN_AT_A_TIME, _each(world, _poll_ten), steps),
        Cost("3 tasks, workers poll one at a time", _each(world, _poll_one), steps),
        Cost("3 tasks, each by a `LambdaWorker`", _each(world, _by_function), steps),
        Cost(ON_SQS, _each(world, _from_queue), steps),
        Cost("3 tasks, workers on SQS that ask for inputs", _each(world, _with_inputs), steps),
        Cost("1 task that fails once", _each(world, _retry), Elsewhere(2, 3)),
        Cost("a sub-workflow of 1 task", _each(world, _nest), Elsewhere(2, 4)),
    ]


def waiting(world: MeteredWorld) -> list[Cost]:
    """Return what a workflow costs that waits for days, and what the sweeper costs by itself."""
    world.register(definitions.workflow("wait", [definitions.wait_task("30 days")]))
    for hours in (1, 0):  # done once by a process, or now and then, is not counted
        warm = world.start("wait")
        _sleep(world, warm, until=world.clock.at + hours * _DAY_MS // 24)
        world.engine.tasks.signal(warm, TaskStatus.COMPLETED, {})
    empty = world.usage_of(world.sweep)
    ids: list[str] = []
    begun = world.usage_of(lambda: ids.append(world.start("wait")))
    first = _days(world, ids[0], 1, empty)
    return [
        Cost("a WAIT of 30 days, its beginning", begun, Elsewhere(1, 2)),
        Cost("its first day", first),
        Cost("each of the 28 days that follow", _days(world, ids[0], 28, empty)),
        Cost("the sweeper, a day", empty.times(_SWEEPS_A_DAY)),
    ]


def fork(world: MeteredWorld, width: int) -> Cost:
    """Return what a task of a dynamic fork costs, the fork's own part included."""
    world.register(definitions.fork("fork"))
    inputs = definitions.fork_input("part", width)
    ids: list[str] = []

    def play() -> None:
        ids.append(world.start("fork", inputs))
        world.evaluate()
        while world.work("part", BATCH):
            world.evaluate()

    counts = world.usage_of(play)
    assert world.is_completed(ids[0])
    return Cost(f"a task of a fork of {width:,}", counts.per(width), Elsewhere(1, 1))


def turn(world: MeteredWorld, after: int, most: int = 20) -> Cost:
    """Return what a turn of a loop around one task costs after so many turns."""
    body = definitions.worker("turn", "turn", _INPUTS)
    world.register(definitions.loop("loop", body, after + most + 2))
    world.start("loop")
    for _ in range(after):
        assert world.work("turn") == 1
    counts = world.usage_of(lambda: [world.work("turn") for _ in range(most)])
    return Cost(f"a turn of a loop after {after:,}", counts.per(most), Elsewhere(2, 1))


def _define(world: MeteredWorld) -> None:
    three = [definitions.worker(step, step, _INPUTS) for step in STEPS]
    world.register(definitions.workflow("three", three))
    world.register(definitions.workflow("flaky", [definitions.worker("flaky", "flaky", _INPUTS)]))
    world.register(definitions.workflow("child", [definitions.worker("part", "part", _INPUTS)]))
    world.register(definitions.workflow("parent", [definitions.sub_workflow("child", _INPUTS)]))


def _each(world: MeteredWorld, play: Callable[[MeteredWorld], list[str]]) -> Counts:
    """Return the counts of one of the workflows that are played."""
    ids: list[str] = []
    counts = world.usage_of(lambda: ids.extend(play(world)))
    assert all(map(world.is_completed, ids))
    return counts.per(len(ids))


def _poll_one(world: MeteredWorld) -> list[str]:
    workflow_id = world.start("three")
    for step in STEPS:
        world.work(step)
    return [workflow_id]


def _poll_ten(world: MeteredWorld) -> list[str]:
    return _ten(world, lambda step: world.work(step, BATCH))


def _by_function(world: MeteredWorld) -> list[str]:
    return _ten(world, world.work_by_function)


def _from_queue(world: MeteredWorld) -> list[str]:
    return _ten(world, lambda step: world.work_from_queue(step, reads_input=False))


def _with_inputs(world: MeteredWorld) -> list[str]:
    return _ten(world, lambda step: world.work_from_queue(step, reads_input=True))


def _ten(world: MeteredWorld, work: Callable[[str], int]) -> list[str]:
    ids = [world.start("three") for _ in range(BATCH)]
    for step in STEPS:
        assert work(step) == BATCH
    return ids


def _retry(world: MeteredWorld) -> list[str]:
    workflow_id = world.start("flaky")
    (task,) = world.poll("flaky")
    world.report(task.task_id, TaskResultStatus.FAILED)
    world.work("flaky")
    return [workflow_id]


def _nest(world: MeteredWorld) -> list[str]:
    workflow_id = world.start("parent")
    world.evaluate()
    world.work("part")
    world.evaluate()
    return [workflow_id]


def _days(world: MeteredWorld, workflow_id: str, days: int, empty: Counts) -> Counts:
    """Return what is done in a day for a workflow that waits, the sweeps themselves left out."""
    sweeps = 0

    def wait() -> None:
        nonlocal sweeps
        sweeps = _sleep(world, workflow_id, until=world.clock.at + days * _DAY_MS)

    counts = world.usage_of(wait)
    return counts.less(empty.times(sweeps)).per(days)


def _sleep(world: MeteredWorld, workflow_id: str, until: int) -> int:
    """Let time pass, and sweep whenever the workflow is due; return how often it was."""
    sweeps = 0
    while (at := world.look(workflow_id).wake_at) is not None and at < until:
        world.clock.at = at
        world.sweep()
        world.evaluate()
        sweeps += 1
    world.clock.at = until
    return sweeps
