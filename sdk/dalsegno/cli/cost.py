"""``dalsegno cost``: what a workflow will cost on AWS."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias, TypeVar

import typer

from dalsegno.cli.console import give_up, say, show_json
from dalsegno.cli.definition.arguments import is_file
from dalsegno.cli.options import AsJson, Url, connect
from dalsegno.costs.bill import Counts
from dalsegno.costs.prices import STATE_TRANSITION
from dalsegno.costs.traffic import Traffic, Workers

if TYPE_CHECKING:
    from dalsegno.costs.estimate import Estimate
    from dalsegno.models import JsonValue, WorkflowDef

Number = TypeVar("Number", int, float)
Guess: TypeAlias = list[str] | None

_MILLION: Final = 1_000_000


def cost(
    definition: Annotated[
        str,
        typer.Argument(help="A .json, .yaml or .py file, or the name of a workflow on the server."),
    ],
    per_month: Annotated[int, typer.Option("--per-month", min=1, help="Executions.", metavar="N")],
    workers: Annotated[
        Workers,
        typer.Option(
            help="How they get their tasks. http-url is the setting endpoint=function-url."
        ),
    ] = Workers.HTTP,
    batch: Annotated[
        int, typer.Option(min=1, max=10, help="Tasks that a worker takes at once.")
    ] = 10,
    input_bytes: Annotated[
        int, typer.Option(min=0, help="Of the workflow's input, and of each task's.")
    ] = 250,
    output_bytes: Annotated[int, typer.Option(min=0, help="Of outputs, likewise.")] = 250,
    turns: Annotated[
        Guess, typer.Option(help="Of a loop; may be repeated.", metavar="REF=N")
    ] = None,
    branches: Annotated[
        Guess, typer.Option(help="Of a dynamic fork; may be repeated.", metavar="REF=N")
    ] = None,
    days: Annotated[
        Guess, typer.Option(help="That a WAIT waits; may be repeated.", metavar="REF=N")
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what a workflow costs on AWS, item by item, beside Step Functions.

    It reckons with the counts and prices of docs/costs.md: list prices, without free tiers, taxes,
    logs, and what the workers themselves cost.

    [dim]dalsegno cost order.yaml --per-month 1000000 --workers sqs[/dim]
    """
    from dalsegno.costs.estimate import Guesses, estimate

    workflow = _definition(definition, url)
    traffic = Traffic(
        workers=workers, batch=batch, input_bytes=input_bytes, output_bytes=output_bytes
    )
    guesses = Guesses(
        turns=_guesses("--turns", turns, int),
        branches=_guesses("--branches", branches, int),
        days=_guesses("--days", days, float),
    )
    try:
        found = estimate(workflow, traffic, guesses)
    except ValueError as error:
        give_up(str(error))
    if as_json:
        show_json(_json(workflow, found, traffic, per_month))
    else:
        _show(workflow, found, traffic, per_month)


def _definition(given: str, url: str | None) -> "WorkflowDef":
    if not is_file(given):
        return connect(url).definitions.workflows.get(given)
    from dalsegno.cli.definition.files import the_workflow_in

    return the_workflow_in(Path(given))


def _guesses(option: str, given: Guess, number: Callable[[str], Number]) -> dict[str, Number]:
    found = {}
    for each in given or ():
        ref, _, value = each.rpartition("=")
        try:
            found[ref] = number(value)
        except ValueError:
            found[ref] = number("-1")
        if not ref or found[ref] < 0:
            raise typer.BadParameter(f"{each} is not REF=NUMBER", param_hint=option)
    return found


def _bill(counts: Counts, traffic: Traffic) -> list[tuple[str, float, float]]:
    """Return what is billed: its name, its count for one, its price for a million."""
    return [item for item in counts.items(traffic.workers.endpoint) if item[1]]


def _show(workflow: "WorkflowDef", found: "Estimate", traffic: Traffic, per_month: int) -> None:
    head = f"{workflow.name} version {workflow.version}, {per_month:,} a month"
    say(f"{head}, workers: {traffic.workers}\n")
    say(f"  {'':<32}{'each':>10}{'a month':>18}{'US$':>12}")
    for what, count, usd in _bill(found.counts, traffic):
        _row(what, count, per_month, usd)
    total = found.counts.usd(traffic.workers.endpoint)
    _row("in all", None, per_month, total)
    say("")
    _row("Step Functions Standard, states", found.transitions, per_month, STATE_TRANSITION.usd)
    say("\nAssumed, besides that all goes well and nothing is tried again:")
    for each in (*found.assumptions, *_assumptions(traffic)):
        say(f"  - {each}")


def _row(what: str, count: float | None, per_month: int, usd_a_million: float) -> None:
    usd = (1 if count is None else count) * per_month / _MILLION * usd_a_million
    numbers = f"{'':>28}" if count is None else f"{count:>10,.4g}{count * per_month:>18,.0f}"
    say(f"  {what:<32}{numbers}{usd:>12,.2f}")


def _assumptions(traffic: Traffic) -> list[str]:
    said = [
        f"inputs of {traffic.input_bytes:,} bytes, outputs of {traffic.output_bytes:,}",
        "functions of 512 MB that take 20 ms",
        "logs, idle polls, retention and an idle deployment are not included",
    ]
    if traffic.workers is not Workers.LAMBDA:
        said.insert(1, f"workers take {traffic.batch} tasks at once")
    return said


def _json(
    workflow: "WorkflowDef", found: "Estimate", traffic: Traffic, per_month: int
) -> "JsonValue":
    def line(what: str, count: float, usd: float) -> "JsonValue":
        return {
            "item": what,
            "each": round(count, 6),
            "perMonth": round(count * per_month, 3),
            "usdPerMonth": round(count * per_month / _MILLION * usd, 6),
        }

    usd = found.counts.usd(traffic.workers.endpoint)
    return {
        "name": workflow.name,
        "version": workflow.version,
        "workers": traffic.workers.value,
        "perMonth": per_month,
        "items": [line(*item) for item in _bill(found.counts, traffic)],
        "usdPerMonth": round(usd * per_month / _MILLION, 6),
        "stepFunctions": line("state transition", found.transitions, STATE_TRANSITION.usd),
        "assumptions": [*found.assumptions, *_assumptions(traffic)],
    }
