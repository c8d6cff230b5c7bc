"""What workflows cost on AWS: requests counted on an emulator, at the list prices of today."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Final, TypeVar

from bench import shapes
from bench.figures import Figure
from bench.metered import MeteredWorld, metered_world
from bench.scale import Scale
from bench.shapes import Cost
from dalsegno.costs.bill import Endpoint
from dalsegno_state.sandbox import SandboxedScripts

Result = TypeVar("Result")

# By shape, then by figure. A message that does not carry its task, and a start that is found by
# name, cost workers on SQS more than the 10 write units and 9 US$ that were aimed at.
BUDGETS: Final[Mapping[str, Mapping[str, float]]] = {
    shapes.TEN_AT_A_TIME: {
        "write units": 14,
        "read units": 10,
        "SQS requests": 6,
        "invocations": 4.3,
        "Function URL": 13,
        "HTTP API": 18,
    },
    shapes.ON_SQS: {"write units": 11, "invocations": 1.5, "Function URL": 9.9},
}
# Of a task of a fork: one each to create, claim, finish and join it, and what forks and joins.
_FORKED_WRITE_UNITS: Final = 4
_FORKED_OVERHEAD: Final = 12
_GROWTH_PERCENT: Final = 5


def measure(scale: Scale) -> Iterator[Figure]:
    """Yield counts and prices; of one workflow, or of one of its many tasks."""
    for run in (shapes.small, shapes.waiting):
        for cost in _in_a_world(run):
            yield from figures(cost, BUDGETS.get(cost.name, {}))
    widths = (50, 200) if scale.is_quick else (100, 1_000, 10_000)
    forks = [_in_a_world(partial(shapes.fork, width=width)) for width in widths]
    for width, cost in zip(widths, forks, strict=True):
        yield from figures(cost, {"write units": fork_budget(width)})
    turns = (10, 100) if scale.is_quick else (10, 1_000, 10_000)
    loops = [_in_a_world(partial(shapes.turn, after=after)) for after in turns]
    for cost in loops:
        yield from figures(cost, {})
    yield from growth("fork", forks)
    yield from growth("history", loops)


def fork_budget(width: int) -> float:
    """Return the write units that a task of a fork may take."""
    return round(_FORKED_WRITE_UNITS + _FORKED_OVERHEAD / width + 0.02, 2)


def growth(name: str, costs: list[Cost]) -> Iterator[Figure]:
    """Yield by how much one of many costs more among the most than among the fewest."""
    first, last = costs[0].counts, costs[-1].counts
    requests = (sum(first.requests.values()), sum(last.requests.values()))
    units = (first.write_units + first.read_units, last.write_units + last.read_units)
    for what, (few, many) in (("requests", requests), ("units", units)):
        yield Figure(f"{name}: growth of {what}", (many / few - 1) * 100, "%", _GROWTH_PERCENT)


def _in_a_world(run: Callable[[MeteredWorld], Result]) -> Result:
    with closing(SandboxedScripts()) as scripts, metered_world(scripts) as world:
        return run(world)


def figures(cost: Cost, budgets: Mapping[str, float]) -> Iterator[Figure]:
    """Yield what one of something takes, and what a million would cost, here and elsewhere."""
    counts = cost.counts
    counted = {
        "write units": counts.write_units,
        "read units": counts.read_units,
        "SQS requests": counts.sqs_requests,
        "schedules": counts.schedules,
        "S3 requests": counts.s3_puts + counts.s3_gets,
        "HTTP requests": counts.http_requests,
        "invocations": counts.invocations,
        "GB-ms, assumed": counts.gb_ms,
    }
    for what, value in counted.items():
        if value:
            yield Figure(f"{cost.name}: {what}", value, "", budgets.get(what))
    for endpoint in Endpoint:
        usd = counts.usd(endpoint)
        yield Figure(f"{cost.name}: {endpoint.value}", usd, "US$/M", budgets.get(endpoint.value))
    if cost.elsewhere is not None:
        step, durable = cost.elsewhere.step_functions_usd, cost.elsewhere.durable_functions_usd
        yield Figure(f"{cost.name}: Step Functions", step, "US$/M")
        yield Figure(f"{cost.name}: Lambda durable functions", durable, "US$/M")
