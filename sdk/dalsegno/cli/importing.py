"""``dalsegno import``: from other servers."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import Column, Exit, counting, remark, show_json, show_table
from dalsegno.cli.options import AsJson, Url, connect

if TYPE_CHECKING:
    from dalsegno.cli.migration import Outcome, Source

app = typer.Typer(help="Take over what other servers have.", no_args_is_help=True)

_COLUMNS = (
    Column("result", whole=True),
    Column("kind", whole=True),
    Column("name"),
    Column("reason"),
)


@app.callback()
def _group() -> None:
    """Take over what other servers have."""


@app.command()
def conductor(
    source: Annotated[
        str, typer.Argument(help="Of the Conductor server, with or without /api.", metavar="URL")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", "-n", help="Only show what would be copied, and what not.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there already.")
    ] = False,
    keep_active: Annotated[
        bool,
        typer.Option(
            "--keep-active",
            help="Let schedules start workflows here at once: no pause.",
        ),
    ] = False,
    key_id: Annotated[
        str | None,
        typer.Option("--key-id", help="Access key of that server.", envvar="DALSEGNO_SOURCE_KEY"),
    ] = None,
    key_secret: Annotated[
        str | None,
        typer.Option(
            "--key-secret",
            help="Better in the environment.",
            envvar="DALSEGNO_SOURCE_SECRET",
            show_envvar=True,
        ),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Copy definitions, event handlers and schedules from a Conductor server to this one.

    Executions stay where they are. What cannot be had here is refused and told why (status 1);
    what is here already is left alone. Schedules arrive paused, since the other server goes on
    with its own.

    [dim]dalsegno import conductor http://conductor.example.com:8080 --dry-run[/dim]
    """
    from dalsegno.cli.migration import REFUSED, Migration, Wishes

    origin = _source(source, key_id, key_secret)
    target = connect(url)
    if origin.url == target.url:
        raise typer.BadParameter("is the server to copy to: give another --url", param_hint="URL")
    migration = Migration(origin, target, Wishes(dry_run, overwrite, keep_active))
    outcomes: list[Outcome] = []
    with counting("checking" if dry_run else "copying", migration.total) as advance:
        for outcome in migration.outcomes():
            outcomes.append(outcome)
            advance(1)
    _show(outcomes, dry_run=dry_run, as_json=as_json)
    if any(each.result == REFUSED for each in outcomes):
        raise typer.Exit(Exit.REFUSED)


def _source(url: str, key_id: str | None, key_secret: str | None) -> "Source":
    from dalsegno.cli.migration import Source

    try:
        return Source(url, (key_id, key_secret) if key_id and key_secret else None)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="URL") from None


def _show(outcomes: "list[Outcome]", *, dry_run: bool, as_json: bool) -> None:
    from dalsegno.cli.migration import COPIED, counts

    if as_json:
        show_json(
            [
                {
                    "kind": each.kind,
                    "name": each.name,
                    "result": each.result,
                    "reason": each.reason or None,
                }
                for each in outcomes
            ]
        )
        return
    would = "would be copied" if dry_run else COPIED
    words = [would if each.result == COPIED else each.result for each in outcomes]
    if outcomes:
        rows = zip(words, outcomes, strict=True)
        show_table(_COLUMNS, ((word, each.kind, each.name, each.reason) for word, each in rows))
    remark(counts(Counter(words)) or "there is nothing to copy")
