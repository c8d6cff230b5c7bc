"""What workflows cost, as counts: the budgets that the bill follows from, and the page on them."""

from pathlib import Path

import pytest

from bench import costs_page, definitions, shapes
from bench.figures import Verdict
from bench.metered import MeteredWorld, metered_world
from bench.scenarios import aws
from bench.shapes import Cost
from dalsegno.costs.bill import Counts, Endpoint
from dalsegno_state.sandbox import SandboxedScripts

PAGE = Path(__file__).parents[2] / "docs" / "costs.md"


@pytest.fixture(scope="module")
def costs() -> dict[str, Cost]:
    return {cost.name: cost for cost in costs_page.measured()}


@pytest.fixture(scope="module")
def ten_at_a_time(costs: dict[str, Cost]) -> Counts:
    return costs[shapes.TEN_AT_A_TIME].counts


def test_workflow_of_three_tasks_keeps_its_budget(ten_at_a_time: Counts) -> None:
    assert ten_at_a_time.write_units == pytest.approx(14)
    assert ten_at_a_time.read_units == pytest.approx(10)
    assert ten_at_a_time.sqs_requests <= 6
    assert ten_at_a_time.invocations == pytest.approx(4.3)
    assert ten_at_a_time.http_requests == pytest.approx(4.3)


def test_workflow_that_is_to_be_removed_in_time_takes_one_unit_more(
    scripts: SandboxedScripts,
) -> None:
    taken = []
    for lists_ended in (False, True):
        with metered_world(scripts, lists_ended=lists_ended) as metered:
            metered.register(definitions.chain("chain", ["link"]))
            metered.start("chain")
            metered.work("link")  # what is written once per process, definition and worker
            metered.start("chain")
            taken.append(metered.usage_of(lambda world=metered: world.work("link")).write_units)

    kept, removed_in_time = taken
    assert removed_in_time == kept + 1


def test_list_price_of_a_million_workflows_keeps_its_budget(ten_at_a_time: Counts) -> None:
    assert ten_at_a_time.usd(Endpoint.FUNCTION_URL) <= 13
    assert ten_at_a_time.usd(Endpoint.HTTP_API) <= 18


def test_workers_that_poll_for_one_task_take_nine_queue_requests(costs: dict[str, Cost]) -> None:
    counts = costs["3 tasks, workers poll one at a time"].counts

    assert counts.write_units == 14
    assert counts.sqs_requests == 9  # send, receive and delete, for each task


def test_workers_on_sqs_spare_the_claims(costs: dict[str, Cost]) -> None:
    counts = costs[shapes.ON_SQS].counts

    assert counts.write_units == pytest.approx(11)
    assert counts.invocations <= 1.5
    assert counts.usd(Endpoint.FUNCTION_URL) <= 9.9


def test_every_figure_that_has_a_budget_in_the_bench_keeps_it(costs: dict[str, Cost]) -> None:
    for name, budgets in aws.BUDGETS.items():
        misses = [
            figure for figure in aws.figures(costs[name], budgets) if figure.verdict is Verdict.MISS
        ]
        assert misses == []


def test_start_reads_the_same_however_many_tasks_a_workflow_has(metered: MeteredWorld) -> None:
    reads = []
    for tasks in (1, 30):
        name = f"chain{tasks}"
        metered.register(definitions.chain(name, ["link"] * tasks))
        metered.start(name)
        reads.append(metered.usage_of(lambda name=name: metered.start(name)).read_units)

    assert reads == [1, 1]


def test_sequential_task_takes_3_write_units_whatever_the_history(metered: MeteredWorld) -> None:
    metered.register(definitions.chain("chain", ["link"] * 40))
    metered.start("chain")
    metered.work("link")  # the first poll is remembered, and the next for some seconds not

    costs = [metered.usage_of(lambda: metered.work("link")) for _ in range(30)]

    assert {counts.write_units for counts in costs} == {3}
    assert {counts.read_units for counts in costs} == {3}
    assert len({sum(counts.requests.values()) for counts in costs[1:]}) == 1


def test_turn_of_a_loop_costs_the_same_after_ten_and_after_fifty(
    scripts: SandboxedScripts,
) -> None:
    costs = []
    for after in (10, 50):
        with metered_world(scripts) as world:
            costs.append(shapes.turn(world, after, most=5))

    assert all(figure.value == pytest.approx(0) for figure in aws.growth("history", costs))
    assert costs[0].counts.write_units == 4  # the task's three, and the loop's own item


def test_task_of_a_joined_fork_costs_the_same_however_wide(scripts: SandboxedScripts) -> None:
    costs = []
    for width in (40, 120):
        with metered_world(scripts) as world:
            cost = shapes.fork(world, width)
        assert cost.counts.write_units <= aws.fork_budget(width)
        costs.append(cost)

    assert all(figure.value <= 5 for figure in aws.growth("fork", costs))


def test_workflow_that_waits_is_looked_at_ever_more_seldom(costs: dict[str, Cost]) -> None:
    day = costs["each of the 28 days that follow"].counts

    assert costs["its first day"].counts.invocations <= 7
    assert day.invocations <= 1
    assert day.write_units == pytest.approx(3 * day.invocations)
    assert costs["a WAIT of 30 days, its beginning"].counts.schedules == 1


def test_page_shows_what_is_measured(costs: dict[str, Cost]) -> None:
    page = PAGE.read_text()

    assert costs_page.cost_table(costs.values()) in page
    assert costs_page.price_table() in page
