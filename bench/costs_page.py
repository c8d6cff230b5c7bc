"""The tables of docs/costs.md: ``python -m bench.costs_page`` measures and prints them."""

from collections.abc import Iterable
from contextlib import closing

from bench import shapes
from bench.metered import metered_world
from bench.shapes import Cost
from dalsegno.costs import prices
from dalsegno.costs.bill import Endpoint
from dalsegno_state.sandbox import SandboxedScripts

_HEAD = (
    "| | write units | read units | SQS | HTTP | invocations | HTTP API | Function URL "
    "| Step Functions | durable functions |"
)


def price_table() -> str:
    """Return the prices that are reckoned with; * marks those that could not be verified."""
    rows = [
        f"| [{price.what}]({price.page}){'' if price.verified else ' *'} | {price.usd:,.3f} |"
        for price in prices.ALL
    ]
    return "\n".join(["| a million of | US$ |", "|---|---:|", *rows])


def cost_table(costs: Iterable[Cost]) -> str:
    """Return counts of one, and US$ of a million."""
    return "\n".join([_HEAD, "|---" + "|---:" * 9 + "|", *map(_row, costs)])


def measured() -> list[Cost]:
    """Return the costs of the workflows that are small enough to be counted at once."""
    costs: list[Cost] = []
    for run in (shapes.small, shapes.waiting):
        with closing(SandboxedScripts()) as scripts, metered_world(scripts) as world:
            costs += run(world)
    return costs


def _row(cost: Cost) -> str:
    counts, other = cost.counts, cost.elsewhere
    numbers = (
        counts.write_units,
        counts.read_units,
        counts.sqs_requests,
        counts.http_requests,
        counts.invocations,
    )
    prices_usd = (counts.usd(Endpoint.HTTP_API), counts.usd(Endpoint.FUNCTION_URL))
    others = ("", "")
    if other is not None:
        others = (f"{other.step_functions_usd:,.0f}", f"{other.durable_functions_usd:,.0f}")
    cells = (
        *(f"{number:,.1f}".removesuffix(".0") for number in numbers),
        *(f"{usd:,.1f}" for usd in prices_usd),
        *others,
    )
    return f"| {cost.name} | " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(price_table(), cost_table(measured()), sep="\n\n")
