"""``dalsegno verify``: runs workflows of every kind on a deployed server."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from dalsegno.cli.console import Exit, out, remark, say, show_json, working
from dalsegno.cli.options import AsJson, Url, connect

if TYPE_CHECKING:
    from dalsegno.cli.verify.outcome import Outcome

_PREFIX: Final = "dalsegno_verify"


def verify(
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Run this check; may be repeated.", metavar="CHECK"),
    ] = None,
    skip: Annotated[
        list[str] | None,
        typer.Option("--skip", help="Leave this check out; may be repeated.", metavar="CHECK"),
    ] = None,
    steps: Annotated[
        int, typer.Option(min=1, max=200, help="Steps of each chain.", metavar="N")
    ] = 20,
    wide: Annotated[
        int, typer.Option(min=1, max=10_000, help="Branches of the fork.", metavar="N")
    ] = 1_000,
    echo_url: Annotated[
        str | None,
        typer.Option(
            help="What HTTP tasks call with GET; the API's /health unless given.", metavar="URL"
        ),
    ] = None,
    sink: Annotated[
        list[str] | None,
        typer.Option(
            help="Publish an EVENT to sqs:QUEUE, sns:ARN or eventbridge:BUS; may be repeated.",
            metavar="SINK",
        ),
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Names of all that is registered begin with it.", metavar="NAME")
    ] = _PREFIX,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds that one check may take.", metavar="SECONDS")
    ] = 300.0,
    list_: Annotated[
        bool, typer.Option("--list", help="Print the names of the checks and run none.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Run workflows of every kind on a server once, after it was deployed.

    Registers definitions under a prefix, does the work of their tasks itself, and prints for each
    check what it saw and how long it took; for one that failed, where to look. What it made is
    removed at the end, also after Ctrl-C. The caller needs the role admin. Exit status 1 if a check
    failed, 0 if each one held or was skipped.

    A run at the default sizes makes about 1,150 tasks: less than 0.05 US$ on AWS. A run uses the
    names of the one before, so do not run two on one server at a time, unless with different
    prefixes. docs/real-account.md has the checklist around it.

    [dim]dalsegno verify --sink sqs:orders --sink sns:arn:aws:sns:eu-west-1:1234:news[/dim]
    """
    from dalsegno.cli.verify.checks import CHECKS, Sizes, chosen
    from dalsegno.cli.verify.trial import Trial

    if list_:
        for name, check in CHECKS.items():
            say(f"{name}: {check.__doc__}".partition("\n")[0])
        return
    try:
        names = chosen(only or (), skip or ())
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--only, --skip") from None
    sizes = Sizes(steps=steps, wide=wide, echo_url=echo_url, sinks=tuple(sink or ()))
    outcomes: list[Outcome] = []
    with connect(url) as client:
        trial = Trial(client, prefix, timeout_seconds=timeout)
        try:
            for name in names:
                with working(f"{name}: {len(outcomes) + 1} of {len(names)}"):
                    outcomes.append(trial.outcome(name, CHECKS[name], sizes))
                _show(outcomes[-1], as_json=as_json)
        finally:
            with working("removing what was made"):
                left = trial.remove_all()
    for each in left:
        remark(f"not removed: {each}")
    if as_json:
        show_json([outcome.json() for outcome in outcomes])
    if left or any(outcome.is_failure for outcome in outcomes):
        raise typer.Exit(Exit.REFUSED)


def _show(outcome: "Outcome", *, as_json: bool) -> None:
    from rich.text import Text

    took = f" ({outcome.seconds:.1f} s)"
    if as_json:
        remark(f"{outcome.check} {outcome.result}{took}")
        return
    sign, style = outcome.result.sign
    out().print(Text.assemble((sign, style), f" {outcome.check}: {outcome.saw}", (took, "dim")))
    if outcome.look:
        out().print(Text(f"  {outcome.look}", style="dim"))
