"""``list`` and ``search``."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Column, remark, say, show_json, show_table
from dalsegno.cli.options import AsJson, Limit, Url, connect
from dalsegno.cli.search import joined, one_of, started_since, unsuccessful, with_epochs
from dalsegno.cli.suggestions import workflow_names
from dalsegno.cli.view.reasons import reason
from dalsegno.cli.view.statuses import shown
from dalsegno.cli.view.times import duration, millis_of, now_millis, relative

if TYPE_CHECKING:
    from rich.text import Text

    from dalsegno.models import WorkflowSummary

_COLUMNS = (
    Column("id", whole=True),
    Column("workflow"),
    Column("status", whole=True),
    Column("started", whole=True),
    Column("took", wide=True, whole=True, right=True),
    Column("correlation", wide=True),
    Column("reason", wide=True, cut=True),
)

OnlyIds: TypeAlias = Annotated[
    bool, typer.Option("--ids", help="Print nothing but ids, one on a line.")
]


def list_(
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            help="Of the workflow; may be given several times.",
            autocompletion=workflow_names,
            metavar="NAME",
        ),
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option("--status", help="Such as RUNNING; may be given several times."),
    ] = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Those that FAILED, TIMED_OUT or were TERMINATED.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option("--since", help="Started since: 30m, 2h, 7d ago, or a date.", metavar="TIME"),
    ] = None,
    correlation_id: Annotated[
        str | None, typer.Option("--correlation-id", help="Those with this correlation id.")
    ] = None,
    limit: Limit = 50,
    only_ids: OnlyIds = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List executions, the latest first.

    [dim]dalsegno workflow list --name order_processing --failed --since 2h[/dim]
    [dim]dalsegno workflow list --failed --ids | dalsegno workflow retry -[/dim]
    """
    query = joined(
        one_of("workflowType", name),
        one_of("status", [each.upper() for each in status or ()]),
        unsuccessful(failed),
        started_since("startTime", since),
        one_of("correlationId", [correlation_id] if correlation_id else ()),
    )
    _show(connect(url).executions.search(query), limit, as_json=as_json, only_ids=only_ids)


def search(
    query: Annotated[
        str, typer.Argument(help="In the search language; all unless given.", metavar="[QUERY]")
    ] = "",
    text: Annotated[
        str | None,
        typer.Option("--text", "-t", help="To be found in names, ids, inputs and outputs."),
    ] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", help="Such as startTime:ASC.", metavar="FIELD:ORDER")
    ] = None,
    limit: Limit = 50,
    only_ids: OnlyIds = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Search executions by whatever is known of them.

    [dim]dalsegno workflow search "status = FAILED AND input = '*A-17*'" --sort endTime:DESC[/dim]
    """
    hits = connect(url).executions.search(query, free_text=text, sort=sort)
    _show(hits, limit, as_json=as_json, only_ids=only_ids)


def _show(
    found_all: "Iterator[WorkflowSummary]", limit: int, *, as_json: bool, only_ids: bool
) -> None:
    found = list(islice(found_all, limit + 1))
    hits = found[:limit]
    if as_json:
        show_json([with_epochs(hit.to_wire()) for hit in hits])
    elif only_ids:
        for hit in hits:
            say(hit.workflow_id)
    elif hits:
        show_table(_COLUMNS, _rows(hits))
    else:
        remark("no executions found")
    if len(found) > limit and not as_json:
        remark(f"there are more: --limit {2 * limit}")


def _rows(hits: "Iterable[WorkflowSummary]") -> "Iterable[Sequence[str | Text]]":
    now = now_millis()
    for hit in hits:
        yield (
            hit.workflow_id,
            f"{hit.workflow_type} v{hit.version}",
            shown(hit.status),
            relative(millis_of(hit.start_time), now),
            duration(hit.execution_time) if hit.end_time else "",
            hit.correlation_id or "",
            reason(hit.reason_for_incompletion, hit.failed_reference_task_names.split(",")),
        )
