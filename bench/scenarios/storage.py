"""Writes, storage calls and queue requests, counted at the ports."""

from collections import Counter
from collections.abc import Iterator

from bench import definitions
from bench.counting import QUEUE_REQUESTS, STORAGE_CALLS, WRITES
from bench.figures import Figure
from bench.scale import Scale
from bench.world import World, in_memory

_STEPS = ["first", "second", "third"]
_WORKFLOWS = 20
_TURNS = 200


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield what a workflow, a task of a fork and a turn of a loop cost."""
    with in_memory() as world:
        yield from _three_steps(world)
    for width in (1_000,) if scale.is_quick else (1_000, 10_000):
        with in_memory() as world:
            yield from _fork(world, width)
    with in_memory() as world:
        yield from _loop(world)


def _three_steps(world: World) -> Iterator[Figure]:
    world.register(definitions.chain("three_steps", _STEPS))
    _run_three_steps(world)  # what is done once for a definition is not counted
    before = Counter(world.counts)
    for _ in range(_WORKFLOWS):
        _run_three_steps(world)
    used = world.counts - before
    yield Figure("3 steps: writes", used[WRITES] / _WORKFLOWS, "a workflow", at_most=14)
    yield Figure("3 steps: storage calls", used[STORAGE_CALLS] / _WORKFLOWS, "a workflow")
    # A queue in the cloud wakes the evaluator by itself, so what it receives is not a request.
    yield Figure("3 steps: queue requests", used[QUEUE_REQUESTS] / _WORKFLOWS, "a workflow")


def _run_three_steps(world: World) -> None:
    world.start("three_steps", {"order": "4711"})
    for step in _STEPS:
        assert world.work(step) == 1


def _fork(world: World, width: int) -> Iterator[Figure]:
    world.register(definitions.fork("fork"))
    workflow_id = world.start("fork", definitions.fork_input("part", width))
    done = 0
    while tasks := world.poll("part", count=20):
        for task in tasks:
            world.complete(task)
        done += len(tasks)
    assert done == width
    assert world.engine.queries.status(workflow_id).status.is_terminal
    used = world.counts
    yield Figure(f"fork of {width:,}: writes", used[WRITES] / width, "a task", at_most=4)
    yield Figure(f"fork of {width:,}: storage calls", used[STORAGE_CALLS] / width, "a task")
    yield Figure(f"fork of {width:,}: queue requests", used[QUEUE_REQUESTS] / width, "a task")


def _loop(world: World) -> Iterator[Figure]:
    body = definitions.worker("turn", "turn")
    world.register(definitions.loop("loop", body, 2 * _TURNS))
    world.start("loop")
    world.work("turn", _TURNS)
    before = Counter(world.counts)
    world.work("turn", _TURNS - 1)
    used = world.counts - before
    yield Figure("loop: writes", used[WRITES] / (_TURNS - 1), "a turn")
    yield Figure("loop: storage calls", used[STORAGE_CALLS] / (_TURNS - 1), "a turn")
