"""CPU of a decision, and calls to the storage for a step, after 10 steps and after 10,000."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from bench import definitions
from bench.counting import STORAGE_CALLS, WRITES
from bench.figures import Figure
from bench.scale import Scale
from bench.world import World, in_memory
from dalsegno.models import Task, TaskStatus
from dalsegno_state.decider import decide
from dalsegno_state.draft import Tools
from dalsegno_state.engine.loading import Loader
from dalsegno_state.events import Reported
from dalsegno_state.ids import parse_task_id
from dalsegno_state.view import NotLoadedError, View

_SHORT = 10
_LONG = 10_000
_LONG_QUICK = 2_000
_STEPS = 200
_DECISIONS = 2_000


@dataclass(frozen=True, slots=True)
class _Costs:
    """What a step costs after so many steps."""

    history: int
    decide_ms: float
    step_ms: float
    calls: float
    writes: float


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield what a step costs at the beginning and at the end of a chain."""
    length = _LONG_QUICK if scale.is_quick else _LONG
    with in_memory() as world:
        world.register(definitions.chain("chain", ["link"] * (length + _STEPS + 2)))
        world.start("chain", {"order": "4711"})
        world.work("link", _SHORT)
        short = _costs(world, _SHORT)
        world.work("link", length - _SHORT - _STEPS)
        long = _costs(world, length)
    for costs in (short, long):
        yield Figure(f"history {costs.history:,}: decide", costs.decide_ms, "ms CPU", at_most=1)
        yield Figure(f"history {costs.history:,}: whole step", costs.step_ms, "ms CPU")
        yield Figure(f"history {costs.history:,}: storage calls", costs.calls, "a step")
        yield Figure(f"history {costs.history:,}: writes", costs.writes, "a step", at_most=3)
    growth = (long.step_ms / short.step_ms - 1) * 100
    yield Figure("growth of CPU", growth, "%", at_most=5)
    yield Figure("growth of storage calls", (long.calls / short.calls - 1) * 100, "%", at_most=5)


def _costs(world: World, history: int) -> _Costs:
    """Return what the next steps cost; afterwards ``_STEPS`` more are done."""
    task = world.poll("link")[0]
    decide_ms = _decide_ms(world, task)
    world.complete(task)
    before = Counter(world.counts)
    step_ms = []
    for _ in range(_STEPS - 1):
        began = time.process_time()
        assert world.work("link", 1) == 1
        step_ms.append((time.process_time() - began) * 1000)
    used = world.counts - before
    return _Costs(
        history,
        decide_ms,
        median(step_ms),
        used[STORAGE_CALLS] / (_STEPS - 1),
        used[WRITES] / (_STEPS - 1),
    )


def _decide_ms(world: World, task: Task) -> float:
    """Return the CPU time of deciding that a task was completed, all it needs being loaded."""
    view, event, tools = _prepared(world, task)
    now = world.ports.clock.now()
    return _cpu_ms(lambda: decide(view, event, now=now, tools=tools))


def _prepared(world: World, task: Task) -> tuple[View, Reported, Tools]:
    loader = Loader(world.ports)
    view = loader.view(task.workflow_instance_id)
    address = parse_task_id(task.task_id)
    assert view is not None
    assert address is not None
    event = Reported(
        ref=address.ref,
        task_id=task.task_id,
        status=TaskStatus.COMPLETED,
        output={"result": "done"},
        worker_id="bench",
    )
    tools = Tools(
        scripts=world.scripts,
        environment=world.ports.secrets.environment,
        is_exhausted=lambda: False,
    )
    while True:
        try:
            decide(view, event, now=world.ports.clock.now(), tools=tools)
        except NotLoadedError as missing:
            loader.load(view, missing)
        else:
            return view, event, tools


def _cpu_ms(work: Callable[[], object]) -> float:
    """Return the CPU time of one call: the median of ten rounds."""
    rounds = []
    for _ in range(10):
        began = time.process_time()
        for _ in range(_DECISIONS // 10):
            work()
        rounds.append((time.process_time() - began) * 1000 / (_DECISIONS // 10))
    return median(rounds)
